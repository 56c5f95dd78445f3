import { createCipheriv, createDecipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom, vectors } from '../../test/vectors/vectors.ts'
import {
  INIT_SIZE,
  isReservedStart,
  makeDataCentreInit,
  openInit,
  type StreamKey,
  sealInit,
} from './obfuscated2.ts'

const TRANSPORTS = {
  abridged: 'abridged',
  intermediate: 'intermediate',
  padded_intermediate: 'padded',
} as const

const transportOf = (name: string) => TRANSPORTS[name as keyof typeof TRANSPORTS]
const secretOf = (text: string) => (text === '' ? undefined : hex(text))
const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n }).map((b) => Buffer.from(b))
const transports = fc.constantFrom('abridged', 'intermediate', 'padded')
const dcs = fc.integer({ min: -32_768, max: 32_767 })

/** The plain init of the data centre's side, which only keys in the clear make readable. */
function init(o: { start: Buffer; material: Buffer; tag: string; dc: number; end: Buffer }): Buffer {
  const dc = Buffer.alloc(2)
  dc.writeInt16LE(o.dc)
  return Buffer.concat([o.start, o.material, hex(o.tag), dc, o.end])
}

describe.each(vectors.obfuscated2)('init $id', (v) => {
  const secret = secretOf(v.secret)

  it('opens to transport, data centre and keys', () => {
    const opened = openInit(hex(v.init_wire), secret)!
    expect(opened.transport).toBe(transportOf(v.transport))
    expect(opened.dc).toBe(v.dc)
    expect(opened.toServer).toEqual({ key: hex(v.c2s_key), iv: hex(v.c2s_iv) })
    expect(opened.toClient).toEqual({ key: hex(v.s2c_key), iv: hex(v.s2c_iv) })
  })

  it('deciphers what follows the init', () => {
    const { decipher } = openInit(hex(v.init_wire), secret)!
    expect(decipher.update(hex(v.c2s_wire)).toString('hex')).toBe(v.c2s_plain)
  })

  it('gives the key of the way back', () => {
    const { key, iv } = openInit(hex(v.init_wire), secret)!.toClient
    const cipher = createCipheriv('aes-256-ctr', key, iv)
    expect(cipher.update(hex(v.s2c_plain)).toString('hex')).toBe(v.s2c_wire)
  })

  it('is sealed from its plain form, cipher in place', () => {
    const sealed = sealInit(hex(v.init_plain), secret)
    expect(sealed.wire.toString('hex')).toBe(v.init_wire)
    expect(sealed.cipher.update(hex(v.c2s_plain)).toString('hex')).toBe(v.c2s_wire)
  })

  it('does not open with another secret, nor with one byte missing or too many', () => {
    expect(openInit(hex(v.init_wire), Buffer.alloc(16, 7))).toBeUndefined()
    expect(openInit(hex(v.init_wire).subarray(1), secret)).toBeUndefined()
    expect(openInit(Buffer.concat([hex(v.init_wire), hex('00')]), secret)).toBeUndefined()
  })
})

describe('openInit', () => {
  it('keeps nothing of its input', () => {
    const v = vectors.obfuscated2[0]!
    const wire = hex(v.init_wire)
    const opened = openInit(wire, hex(v.secret))!
    wire.fill(0)
    expect(opened.toServer.iv.toString('hex')).toBe(v.c2s_iv)
    expect(opened.toClient.iv.toString('hex')).toBe(v.s2c_iv)
  })

  it('takes any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.option(bytes(16), { nil: undefined }),
        (wire, secret) => {
          const opened = openInit(wire, secret)
          return opened === undefined || wire.length === INIT_SIZE
        },
      ),
    )
  })
})

describe('init towards the data centre', () => {
  const [normal, fast] = vectors.upstream_direct
  const client = vectors.obfuscated2.find((v) => v.id === fast!.client_connection)!
  const toClient: StreamKey = { key: hex(client.s2c_key), iv: hex(client.s2c_iv) }

  it('reproduces the recorded one from the same random bytes', () => {
    const wire = hex(fast!.init_wire)
    const plain = createDecipheriv('aes-256-ctr', hex(fast!.p2d_key), hex(fast!.p2d_iv)).update(wire)
    const draws = [wire.subarray(0, 8), plain.subarray(62)]
    const made = makeDataCentreInit(
      { transport: 'padded', dc: plain.readInt16LE(60), toClient },
      () => draws.shift()!,
    )
    expect(made.wire.toString('hex')).toBe(fast!.init_wire)
  })

  it('makes the data centre send what the client reads', () => {
    const opened = openInit(hex(fast!.init_wire), undefined)!
    expect(opened.toServer).toEqual({ key: hex(fast!.p2d_key), iv: hex(fast!.p2d_iv) })
    expect(opened.toClient).toEqual(toClient)
    const sent = createCipheriv('aes-256-ctr', opened.toClient.key, opened.toClient.iv)
    expect(sent.update(hex(fast!.dc_sends_plain)).toString('hex')).toBe(fast!.client_sees_wire)
  })

  it('opens the recorded init with keys of its own', () => {
    const opened = openInit(hex(normal!.init_wire), undefined)!
    expect(opened.transport).toBe('padded')
    expect(opened.toServer).toEqual({ key: hex(normal!.p2d_key), iv: hex(normal!.p2d_iv) })
    expect(opened.toClient).toEqual({ key: hex(normal!.d2p_key), iv: hex(normal!.d2p_iv) })
    const sent = createCipheriv('aes-256-ctr', opened.toClient.key, opened.toClient.iv)
    expect(sent.update(hex(normal!.dc_sends_plain)).toString('hex')).toBe(normal!.dc_sends_wire)
  })

  it('round trip: transport, dc and the key of the way back arrive, and the cipher is in step', () => {
    fc.assert(
      fc.property(
        transports,
        dcs,
        bytes(32),
        bytes(16),
        bytes(100),
        fc.string(),
        (transport, dc, key, iv, data, seed) => {
          const made = makeDataCentreInit({ transport, dc, toClient: { key, iv } }, seededRandom(seed))
          const opened = openInit(made.wire, undefined)!
          expect(opened).toMatchObject({ transport, dc, toClient: { key, iv } })
          expect(opened.decipher.update(made.cipher.update(data))).toEqual(data)
          expect(isReservedStart(made.wire)).toBe(false)
        },
      ),
    )
  })

  const { first_byte, first_4_bytes_wire_hex, bytes_4_8_wire_hex } = vectors.reserved_prefixes
  const reserved = [
    ...first_byte.map((b) => `${b}11111111111111`),
    ...first_4_bytes_wire_hex.map((b) => `${b}11111111`),
    ...bytes_4_8_wire_hex.map((b) => `11111111${b}`),
  ]

  it.each(reserved)('draws again when it would start with %s', (start) => {
    const draws = [hex(start), hex(start), hex('0102030405060708'), hex('aabb')]
    const made = makeDataCentreInit({ transport: 'padded', dc: 2, toClient }, () => draws.shift()!)
    expect(made.wire.subarray(0, 8).toString('hex')).toBe('0102030405060708')
    expect(draws).toEqual([])
  })

  it('lets near misses of the reserved starts pass', () => {
    for (const start of ['1603010311111111', 'eeeeeeef11111111', '1111111100000001', '11ef111111111111']) {
      expect(isReservedStart(hex(start))).toBe(false)
    }
  })

  it('writes the data centre as sent by clients: media and test ones, too', () => {
    for (const dc of [-2, 203, 10_002, -10_002]) {
      const material = Buffer.alloc(48, 9)
      const plain = init({ start: Buffer.alloc(8, 1), material, tag: 'eeeeeeee', dc, end: hex('0000') })
      expect(openInit(sealInit(plain, undefined).wire, undefined)!.dc).toBe(dc)
    }
  })
})
