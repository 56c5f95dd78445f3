import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressBytes, isIpv4, isIpv6, parseCidr } from './ip.ts'

test('addresses', () => {
  expect(isIpv4('203.0.113.7')).toBe(true)
  for (const text of ['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.4 ', '1.2.3.', ''])
    expect(isIpv4(text), text).toBe(false)
  for (const text of ['::', '::1', '2001:db8::7', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8'])
    expect(isIpv6(text), text).toBe(true)
  for (const text of [':', '1::2::3', '1:2:3', 'fe80::1%eth0', '::1]/x[', '12345::', '1.2.3.4'])
    expect(isIpv6(text), text).toBe(false)
})

test.each([
  ['1.2.3.4', [1, 2, 3, 4]],
  ['::', new Array(16).fill(0)],
  ['2001:db8::7', [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]],
  ['::ffff:1.2.3.4', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
])('the bytes of %s', (text, bytes) => {
  expect(addressBytes(text)).toEqual(bytes)
})

test.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['203.0.113.7', '203.0.113.7/32'],
  ['2001:db8::/32', '2001:db8::/32'],
  ['::1', '::1/128'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['10.128.0.0/9', '10.128.0.0/9'],
])('network %s', (text, network) => {
  expect(parseCidr(text)).toEqual({ ok: true, value: network })
})

test.each(['10.0.0.1/8', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', 'x/8', '10.64.0.0/9', ''])(
  'no network: %s',
  (text) => {
    expect(parseCidr(text).ok).toBe(false)
  },
)

test('any text is a network or a sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.ipV6(), fc.ipV4()),
      (text) => typeof parseCidr(text).ok === 'boolean',
    ),
  )
})
