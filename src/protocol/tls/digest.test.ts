import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { readClientHello } from './client-hello.ts'
import { clockVerdict, digestChallenge, digestTime } from './digest.ts'
import { writeClientHello } from './hello-writer.ts'

const SECRET = hex('00112233445566778899aabbccddeeff')
const OTHER = hex('00112233445566778899aabbccddeefe')

function challenge(wire: Uint8Array) {
  const reading = readClientHello(wire)
  if (reading.state !== 'complete') throw new Error(reading.state)
  return digestChallenge(reading.hello)
}

describe.each(vectors.faketls)('digest of $id', (v) => {
  const received = challenge(hex(v.client_hello))

  it('is the HMAC over the zeroed hello', () => {
    expect(createHmac('sha256', SECRET).update(received.input.message).digest('hex')).toBe(
      v.hmac_over_zeroed_hello,
    )
  })

  it('carries the time for its secret, and nothing for another', () => {
    expect(digestTime(received, SECRET)).toBe(v.timestamp)
    expect(digestTime(received, OTHER)).toBeUndefined()
  })

  it('hangs on every bit of the first 28 bytes', () => {
    for (let bit = 0; bit < 8 * 28; bit++) {
      const random = Buffer.from(received.random)
      random[bit >> 3]! ^= 1 << (bit & 7)
      expect(digestTime({ ...received, random }, SECRET)).toBeUndefined()
    }
  })

  it('hangs on the whole hello', () => {
    const wire = hex(v.client_hello)
    wire[wire.length - 1]! ^= 1
    expect(digestTime(challenge(wire), SECRET)).toBeUndefined()
  })
})

it('is the same for a hello over several records: it is computed under one header 16 03 01', () => {
  const whole = hex(vectors.faketls[0]!.client_hello)
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), (records) => {
      const size = Math.ceil((whole.length - 5) / records)
      const parts = Array.from({ length: records }, (_, i) =>
        whole.subarray(5 + i * size, 5 + (i + 1) * size),
      )
      const wire = Buffer.concat(
        parts.flatMap((part) => [hex(`160301${part.length.toString(16).padStart(4, '0')}`), part]),
      )
      expect(digestTime(challenge(wire), SECRET)).toBe(vectors.faketls[0]!.timestamp)
    }),
  )
})

it('round trip with the hellos that we write, any time that a u32 can say', () => {
  const classes = fc.constantFrom('tdlib', 'darwin', 'legacy')
  const times = fc.integer({ min: 0, max: 0xffff_ffff })
  fc.assert(
    fc.property(classes, times, fc.string(), (name, unixSeconds, seed) => {
      const o = { class: name, domain: 'example.com', secret: SECRET, unixSeconds }
      const received = challenge(writeClientHello(o, seededRandom(seed)))
      expect(digestTime(received, SECRET)).toBe(unixSeconds)
      expect(digestTime(received, OTHER)).toBeUndefined()
    }),
    { numRuns: 30 },
  )
})

it.each([
  [1_700_000_000, 1_700_000_000, 'ok'],
  [1_699_999_880, 1_700_000_000, 'ok'],
  [1_699_999_879, 1_700_000_000, 'behind'],
  [1_700_000_120, 1_700_000_000, 'ok'],
  [1_700_000_121, 1_700_000_000, 'ahead'],
  [86_400_000, 1_700_000_000, 'behind'],
  [86_399_999, 1_700_000_000, 'from_boot'],
  [0, 1_700_000_000, 'from_boot'],
  [0xffff_ffff, 1_700_000_000, 'ahead'],
])('a hello of %d at %d is %s', (helloSeconds, nowSeconds, verdict) => {
  expect(clockVerdict(helloSeconds, nowSeconds, 120)).toBe(verdict)
})
