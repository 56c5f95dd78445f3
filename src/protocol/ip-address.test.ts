import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes, addressText } from './ip-address.ts'

describe('addresses', () => {
  test.each([
    ['192.0.2.1', 'c0000201'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:67c:4e8:f002::a', '2001067c04e8f002000000000000000a'],
    ['1:0:0:2::3', '00010000000000020000000000000003'],
    ['64:ff9b::c000:201', '0064ff9b0000000000000000c0000201'],
  ])('%s in both directions', (text, hex) => {
    expect(addressBytes(text)?.toString('hex')).toBe(hex)
    const spelled = addressText(Buffer.from(hex, 'hex'))
    expect(new URL(`http://${spelled.includes(':') ? `[${spelled}]` : spelled}`).hostname).toBe(
      new URL(`http://${text.includes(':') ? `[${text}]` : text}`).hostname,
    )
  })

  test('mapped IPv4 is shown as IPv4', () => {
    expect(addressText(addressBytes('::ffff:192.0.2.7')!)).toBe('192.0.2.7')
  })

  test('any text: bytes exactly where the system sees an address', () => {
    const part = fc.constantFrom('0', 'ff', ':', '::', '.', '1', 'g', '256', '12345', '192.0.2.1', '%', ' ')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        const isAddress = isIPv4(text) || (isIPv6(text) && !text.includes('%'))
        expect(addressBytes(text) !== undefined).toBe(isAddress)
      }),
      { numRuns: 2000 },
    )
  })

  test('any 16 bytes come back from their text', () => {
    const bytes = fc.array(fc.constantFrom(0, 0, 1, 0xff, 0x20), { minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(bytes, (values) => {
        const text = addressText(Buffer.from(values))
        const back = addressBytes(text)!
        expect(isIPv6(text) || isIPv4(text)).toBe(true)
        expect(back.equals(Buffer.from(values).subarray(16 - back.length))).toBe(true)
      }),
    )
  })
})
