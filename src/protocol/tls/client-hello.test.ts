import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { MAX_CLIENT_HELLO, MAX_HELLO_RECORDS, readClientHello } from './client-hello.ts'
import { writeClientHello } from './hello-writer.ts'

const [tdlib, synthetic, legacy] = vectors.faketls
const HELLO = hex(legacy!.client_hello)

const u8 = (text: string) => Buffer.from([text.replace(/\s/g, '').length / 2]).toString('hex') + text
const u16 = (text: string) => (text.replace(/\s/g, '').length / 2).toString(16).padStart(4, '0') + text
const u24 = (text: string) => `00${u16(text)}`
const record = (payload: string) => `16 0301 ${u16(payload)}`
const extension = (type: string, body: string) => type + u16(body)

const RANDOM = '11'.repeat(32)

/** A small hello whose parts can be replaced by others. */
function hello(o: {
  version?: string
  sessionId?: string
  ciphers?: string
  compression?: string
  rest?: string
}) {
  const { version = '0303', sessionId = '', ciphers = '1301', compression = '00', rest = '' } = o
  return hex(record(`01${u24(version + RANDOM + u8(sessionId) + u16(ciphers) + u8(compression) + rest)}`))
}

const withExtensions = (...list: string[]) => hello({ rest: u16(list.join('')) })

function complete(bytes: Uint8Array) {
  const reading = readClientHello(bytes)
  if (reading.state !== 'complete') throw new Error(JSON.stringify(reading))
  return reading.hello
}

/** The message of a one-record hello over records of the given sizes; the last takes what is left. */
function fragment(whole: Buffer, sizes: number[]): Buffer {
  const parts: Buffer[] = []
  let message = whole.subarray(5)
  for (const size of [...sizes, message.length]) {
    const part = message.subarray(0, size)
    if (part.length > 0) parts.push(hex(`160301${part.length.toString(16).padStart(4, '0')}`), part)
    message = message.subarray(part.length)
  }
  return Buffer.concat(parts)
}

describe('ClientHello of a real TDLib 1.8.65', () => {
  const bytes = hex(tdlib!.client_hello)
  const read = complete(bytes)

  it('reads what it offers', () => {
    expect(read.record).toEqual(bytes)
    expect(read.wireLength).toBe(tdlib!.client_hello_length)
    expect(read.random.toString('hex')).toBe(tdlib!.client_random)
    expect(read.sessionId.toString('hex')).toBe(tdlib!.session_id)
    expect(read.serverName).toBe(tdlib!.domain_text)
    expect(read.alpn).toEqual(['h2', 'http/1.1'])
    expect(read.cipherSuites.slice(1, 4)).toEqual([0x1301, 0x1302, 0x1303])
    expect(read.supportedVersions.slice(1)).toEqual([0x0304, 0x0303])
    expect(read.groups.slice(1)).toEqual([0x11ec, 0x001d, 0x0017, 0x0018])
    expect(read.keyShares.slice(1)).toEqual([0x11ec, 0x001d])
    expect(read.extensions).toHaveLength(18)
    for (const grease of [
      read.cipherSuites[0],
      read.supportedVersions[0],
      read.groups[0],
      read.extensions[0],
    ]) {
      expect(grease! & 0x0f0f).toBe(0x0a0a)
    }
  })

  it('owns its bytes', () => {
    const passing = Buffer.from(bytes)
    const kept = complete(passing)
    passing.fill(0)
    expect(kept.record).toEqual(bytes)
  })
})

it.each([synthetic!, legacy!])('reads $id', (v) => {
  const read = complete(hex(v.client_hello))
  expect(read.wireLength).toBe(v.client_hello_length)
  expect(read.random.toString('hex')).toBe(v.client_random)
  expect(read.sessionId.toString('hex')).toBe(v.session_id)
  expect(read.serverName).toBe(v.domain_text)
})

describe('forms that clients send', () => {
  it('no SNI', () => {
    const bytes = writeClientHello({ class: 'legacy', domain: undefined }, seededRandom('no name'))
    expect(complete(bytes).serverName).toBeUndefined()
  })

  it.each([0, 1, 31, 32])('a session id of %d bytes', (n) => {
    expect(complete(hello({ sessionId: 'ab'.repeat(n) })).sessionId).toEqual(Buffer.alloc(n, 0xab))
  })

  it('no extensions at all, and an empty block of them', () => {
    expect(complete(hello({})).extensions).toEqual([])
    expect(complete(hello({ rest: '0000' })).extensions).toEqual([])
  })

  it('an empty list of key shares', () => {
    expect(complete(withExtensions(extension('0033', u16('')))).keyShares).toEqual([])
  })

  it('bytes behind the hello, which are not of it', () => {
    const read = complete(Buffer.concat([HELLO, hex('140303000101 16030100')]))
    expect(read.wireLength).toBe(HELLO.length)
    expect(read.record).toEqual(HELLO)
  })
})

describe('fragmented over records', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: MAX_HELLO_RECORDS - 1 })

  it('is the same hello under one header 16 03 01', () => {
    fc.assert(
      fc.property(sizes, (cuts) => {
        const wire = fragment(HELLO, cuts)
        const read = complete(Buffer.concat([wire, hex('16')]))
        expect(read.record).toEqual(HELLO)
        expect(read.wireLength).toBe(wire.length)
      }),
    )
  })

  it('a message header cut over four records', () => {
    expect(complete(fragment(HELLO, [1, 1, 1, 1])).record).toEqual(HELLO)
  })

  it('gets a synthetic header whatever its own were, and a single record keeps its own', () => {
    const later = Buffer.from(HELLO)
    later[2] = 3
    expect(complete(later).record).toEqual(later)
    const cut = fragment(HELLO, [100])
    cut[2] = 3
    expect(complete(cut).record).toEqual(HELLO)
  })

  it('refuses more records than the limit, as soon as the last one within it is whole', () => {
    const ten = fragment(HELLO, Array(MAX_HELLO_RECORDS - 1).fill(5))
    expect(readClientHello(ten).state).toBe('complete')
    const eleven = fragment(HELLO, Array(MAX_HELLO_RECORDS).fill(5))
    expect(readClientHello(eleven)).toEqual({ state: 'bad', code: 'too_many_records' })
    expect(readClientHello(eleven.subarray(0, 99))).toEqual({ state: 'incomplete' })
    expect(readClientHello(eleven.subarray(0, 100))).toEqual({ state: 'bad', code: 'too_many_records' })
  })
})

describe('bad as soon as it cannot become a ClientHello', () => {
  it.each([
    ['an HTTP request', '47', 'not_tls'],
    ['an alert', '15', 'not_tls'],
    ['SSL 2', '1602', 'not_tls'],
    ['an empty record', '1603010000', 'malformed'],
    ['a record above 16,384 bytes', '1603014001', 'too_long'],
    ['another handshake message', '160301020002', 'not_client_hello'],
    ['a message above 64 KiB', '16030102000101', 'too_long'],
    ['a message above the limit', '160301020001003ffd', 'too_long'],
    ['a record longer than its message', '160301003001000020', 'malformed'],
    ['an alert between its records', '1603010002010015', 'malformed'],
    ['a second record longer than what is left', '160301000501000003ab 1603010003', 'malformed'],
  ])('%s', (_, wire, code) => {
    expect(readClientHello(hex(wire))).toEqual({ state: 'bad', code })
    expect(readClientHello(hex(wire).subarray(0, -1))).toEqual({ state: 'incomplete' })
  })

  it('takes a message of exactly the limit', () => {
    const filler = MAX_CLIENT_HELLO - (hello({ rest: '0000' }).length - 5) - 4
    const bytes = withExtensions(extension('0015', '00'.repeat(filler)))
    expect(bytes.length).toBe(5 + MAX_CLIENT_HELLO)
    expect(readClientHello(bytes).state).toBe('complete')
  })
})

describe('malformed', () => {
  const sni = (names: string) => extension('0000', u16(names))
  const name = `00${u16('61')}`
  it.each([
    ['a version that is not 03 xx', hello({ version: '0203' })],
    ['a session id of 33 bytes', hello({ sessionId: 'ab'.repeat(33) })],
    ['no cipher suites', hello({ ciphers: '' })],
    ['half a cipher suite', hello({ ciphers: '130113' })],
    ['no compression methods', hello({ compression: '' })],
    ['an extension block shorter than it says', hello({ rest: '0001' })],
    ['bytes behind the extension block', hello({ rest: '000000' })],
    ['an extension that overruns its block', hello({ rest: u16('0000000100') + 'ff'.repeat(2) })],
    ['half an extension', hello({ rest: u16('000000') })],
    ['the same extension twice', withExtensions(extension('0017', ''), extension('0017', ''))],
    ['two names', withExtensions(sni(name + name))],
    ['no name', withExtensions(sni(''))],
    ['an empty name', withExtensions(sni('000000'))],
    ['a name of another type', withExtensions(sni(`01${u16('61')}`))],
    ['a name with NUL', withExtensions(sni(`00${u16('610062')}`))],
    ['a name of 256 bytes', withExtensions(sni(`00${u16('61'.repeat(256))}`))],
    ['bytes behind the names', withExtensions(extension('0000', `${u16(name)}00`))],
    ['an empty list of versions', withExtensions(extension('002b', '00'))],
    ['an empty list of groups', withExtensions(extension('000a', '0000'))],
    ['an empty key share', withExtensions(extension('0033', u16('001d0000')))],
    ['a key share that overruns', withExtensions(extension('0033', u16('001d002000')))],
    ['no protocol names', withExtensions(extension('0010', '0000'))],
    ['an empty protocol name', withExtensions(extension('0010', u16('00')))],
  ])('%s', (_, bytes) => {
    expect(readClientHello(bytes)).toEqual({ state: 'bad', code: 'malformed' })
    expect(readClientHello(bytes.subarray(0, -1)).state).toBe('incomplete')
  })
})

describe('any bytes', () => {
  const nearHello = fc
    .tuple(fc.constantFrom(HELLO, fragment(HELLO, [3, 50, 200])), fc.nat({ max: 600 }), fc.nat({ max: 255 }))
    .map(([bytes, at, value]) => {
      const damaged = Buffer.from(bytes)
      damaged[at % damaged.length] = value
      return damaged
    })
  const wires = fc.oneof(
    nearHello,
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.concat([hex('160301 0100 01 0000fc 0303'), b])),
  )

  it('give a verdict that a longer prefix never changes', () => {
    fc.assert(
      fc.property(wires, (bytes) => {
        let verdict = readClientHello(bytes.subarray(0, 0))
        for (let n = 1; n <= bytes.length; n++) {
          const next = readClientHello(bytes.subarray(0, n))
          if (verdict.state !== 'incomplete') expect(next).toEqual(verdict)
          verdict = next
        }
      }),
      { numRuns: 60 },
    )
  })

  it('every prefix of a hello is incomplete until the last byte', () => {
    for (const bytes of [HELLO, fragment(HELLO, [2, 100, 1])]) {
      for (let n = 0; n < bytes.length; n++)
        expect(readClientHello(bytes.subarray(0, n)).state).toBe('incomplete')
      expect(readClientHello(bytes).state).toBe('complete')
    }
  })
})
