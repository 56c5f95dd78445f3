import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskAddress } from './mask-address.ts'

test.each([
  ['198.51.100.7', '198.51.100.0/24', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.0/24', '198.51.100.7'],
  ['2001:db8:1:2::5', '2001:db8:1::/48', '2001:db8:1:2::5'],
  ['2001:db8::5', '2001:db8::/48', '2001:db8::5'],
  ['2001:0:7:1:2:3:4:5', '2001:0:7::/48', '2001:0:7:1:2:3:4:5'],
  ['fe80::1%eth0', 'fe80::/48', 'fe80::1'],
  ['::1', '::/48', '::1'],
  ['64:ff9b::198.51.100.7', '64:ff9b::/48', '64:ff9b::198.51.100.7'],
  ['', 'unix', 'unix'],
  [undefined, 'unix', 'unix'],
  ['alice.example', 'unknown', 'unknown'],
  ['198.51.100.7 secret', 'unknown', 'unknown'],
])('%s is logged as %s', (address, masked, full) => {
  expect(maskAddress(address, false)).toBe(masked)
  expect(maskAddress(address, true)).toBe(full)
})

test('only the first 48 bits of an IPv6 address show, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.boolean(), (address, upper) => {
      const masked = maskAddress(upper ? address.toUpperCase() : address, false)
      if (/^[\d.]+\/24$/.test(masked)) return
      const network = masked.replace(/\/48$/, '')
      expect(isIPv6(network), masked).toBe(true)
      const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
      expect(maskAddress(canonical, false)).toBe(masked)
      expect(new URL(`http://[${network}]/`).hostname).toBe(`[${network}]`)
    }),
  )
})
