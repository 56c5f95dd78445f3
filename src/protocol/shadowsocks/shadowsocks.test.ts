import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../test/vectors/vectors.ts'
import { blake3DeriveKey } from './blake3-key.ts'
import { ChunkCipher, TAG_SIZE } from './chunk-cipher.ts'
import { ShadowsocksStream } from './client-stream.ts'
import { METHODS, type Method, type MethodName, masterKey, sessionKey } from './method.ts'

const NOW = 1_700_000_000
const names = Object.keys(METHODS) as MethodName[]

function passwordFor({ edition, keySize }: Method): string {
  return edition === 'aead' ? 'pass' : Buffer.alloc(keySize, 7).toString('base64')
}

/** A server of its own for the tests: it takes the client's stream apart as the specifications say, and answers. */
class Server {
  readonly method: Method
  readonly key: Buffer
  #opener: ChunkCipher | undefined
  salt: Buffer = Buffer.alloc(0)

  constructor(method: Method) {
    this.method = method
    this.key = masterKey(method, passwordFor(method))!
  }

  /** Every plain piece in order: for 2022 two headers first, then length and payload by turns. */
  open(wire: Buffer): Buffer[] {
    const { method, key } = this
    this.salt = wire.subarray(0, method.keySize)
    this.#opener = new ChunkCipher(method.cipher, sessionKey(method, key, this.salt))
    const pieces: Buffer[] = []
    let at = method.keySize
    let size = method.edition === 'aead' ? 2 : 11
    while (at < wire.length) {
      const plain = this.#opener.open(wire.subarray(at, at + size + TAG_SIZE))
      if (!plain) throw new Error('a tag is wrong')
      at += size + TAG_SIZE
      pieces.push(plain)
      const isHeader = size === 11 && method.edition === '2022' && pieces.length === 1
      const isLength = !isHeader && size === 2 && pieces.length % 2 === 1
      size = isHeader ? plain.readUInt16BE(9) : isLength ? plain.readUInt16BE() : 2
    }
    return pieces
  }

  answer(payload: Buffer, changes: { time?: number; type?: number; salt?: Buffer } = {}): Buffer {
    const { method, key } = this
    const salt = Buffer.alloc(method.keySize, 9)
    const sealer = new ChunkCipher(method.cipher, sessionKey(method, key, salt))
    const length = Buffer.from([payload.length >> 8, payload.length & 0xff])
    if (method.edition === 'aead') return Buffer.concat([salt, sealer.seal(length), sealer.seal(payload)])
    const fixed = Buffer.alloc(9)
    fixed[0] = changes.type ?? 1
    fixed.writeBigUInt64BE(BigInt(changes.time ?? NOW), 1)
    const header = Buffer.concat([fixed, changes.salt ?? this.salt, length])
    return Buffer.concat([salt, sealer.seal(header), sealer.seal(payload)])
  }
}

function connection(name: MethodName) {
  const method: Method = METHODS[name]
  const server = new Server(method)
  const stream = new ShadowsocksStream(
    { method, key: server.key, target: { host: '149.154.167.51', port: 443 } },
    { random: seededRandom(name), unixSeconds: () => NOW },
  )
  return { server, stream, method }
}

test('blake3DeriveKey says what the official program says', () => {
  // The first of BLAKE3's published vectors for derive_key, and keys as Shadowsocks derives them.
  const context = 'BLAKE3 2019-12-27 16:29:52 test vectors context'
  expect(blake3DeriveKey(context, Buffer.alloc(0)).toString('hex')).toBe(
    '2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d',
  )
  expect(blake3DeriveKey(context, Buffer.alloc(64, 1)).toString('hex')).toBe(
    '931bcce1fa7b64247014d15a61aed3fbd807de849257eb752b09434c4a6abbdb',
  )
  expect(() => blake3DeriveKey(context, Buffer.alloc(65))).toThrow(RangeError)
})

test('a password becomes the key that OpenSSL makes of it', () => {
  // openssl enc -aes-256-cbc -md md5 -nosalt -k pass -P
  const key = '1a1dc91c907325c69271ddf0c944bc72535355012788d8b1893a4eb06864f3e1'
  expect(masterKey(METHODS['aes-256-gcm'], 'pass')?.toString('hex')).toBe(key)
  expect(masterKey(METHODS['2022-blake3-aes-128-gcm'], 'pass')).toBeUndefined()
})

describe.each(names)('%s', (name) => {
  test('the target comes first, then the payload', () => {
    const { server, stream, method } = connection(name)
    const pieces = server.open(
      Buffer.concat([stream.seal(Buffer.from('hello')), stream.seal(Buffer.from('more'))]),
    )
    const target = '01959aa73301bb'
    const hello = Buffer.from('hello').toString('hex')
    const shown = pieces.map((piece) => piece.toString('hex'))
    if (method.edition === 'aead') expect(shown).toEqual(['000c', target + hello, '0004', '6d6f7265'])
    else {
      const time = Buffer.from(NOW.toString(16).padStart(16, '0'), 'hex').toString('hex')
      expect(shown).toEqual([`00${time}000e`, `${target}0000${hello}`, '0004', '6d6f7265'])
    }
  })

  test('any payload in any split comes through, both ways', () => {
    const payload = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 })
    fc.assert(
      fc.property(payload, cuts, (bytes, sizes) => {
        const { server, stream } = connection(name)
        const up = server.open(stream.seal(bytes))
        expect(Buffer.concat(up).subarray(-bytes.length).equals(bytes)).toBe(true)
        const wire = server.answer(Buffer.from(bytes))
        const parts: Buffer[] = []
        let at = 0
        for (const size of [...sizes, wire.length]) {
          const part = wire.subarray(at, at + size)
          at += size
          const plain = stream.open(part.length, part)
          if (typeof plain === 'string') throw new Error(plain)
          parts.push(plain)
        }
        expect(Buffer.concat(parts).equals(bytes)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('a payload beyond one chunk is cut', () => {
    const { server, stream } = connection(name)
    const payload = Buffer.alloc(200_000, 5)
    const pieces = server.open(stream.seal(payload))
    const sum = pieces.reduce((total, { length }) => total + length, 0)
    expect(sum).toBeGreaterThan(payload.length)
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(0xffff)
  })

  test('a changed byte is seen', () => {
    const { server, stream, method } = connection(name)
    server.open(stream.seal(Buffer.from('x')))
    const wire = server.answer(Buffer.from('answer'))
    wire[method.keySize + 3]! ^= 1
    expect(stream.open(wire.length, wire)).toBe('bad_tag')
  })
})

test('2022: an answer to another request, of another time or of a client is refused; a silent start is padded', () => {
  for (const change of [{ time: NOW - 31 }, { type: 0 }, { salt: Buffer.alloc(16) }]) {
    const { server, stream } = connection('2022-blake3-aes-128-gcm')
    server.open(stream.seal(Buffer.from('x')))
    const wire = server.answer(Buffer.from('y'), change)
    expect(stream.open(wire.length, wire)).toBe('bad_header')
  }
  const { server, stream } = connection('2022-blake3-aes-256-gcm')
  const [, variable] = server.open(stream.seal(Buffer.alloc(0)))
  expect(variable!.readUInt16BE(7)).toBe(variable!.length - 9)
  expect(variable!.length).toBeGreaterThan(9)
})
