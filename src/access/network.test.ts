import fc from 'fast-check'
import { expect, test } from 'vitest'
import { networkOf, oneCustomer } from './network.ts'

const PREFIXES = { ipv4: 24, ipv6: 48 }

test('a network has one spelling, whatever its address', () => {
  expect(networkOf('192.0.2.1', PREFIXES)).toBe(networkOf('192.0.2.255', PREFIXES))
  expect(networkOf('192.0.2.1', PREFIXES)).not.toBe(networkOf('192.0.3.1', PREFIXES))
  expect(networkOf('2001:db8::1', PREFIXES)).toBe(networkOf('2001:0db8:0:ffff:1:2:3:4', PREFIXES))
  expect(networkOf('2001:db8::1', PREFIXES)).not.toBe(networkOf('2001:db8:1::1', PREFIXES))
  expect(networkOf('fe80::1%eth0', PREFIXES)).toBe(networkOf('fe80::2', PREFIXES))
  expect(networkOf('192.0.2.1', { ipv4: 23, ipv6: 48 })).toBe(networkOf('192.0.3.1', { ipv4: 23, ipv6: 48 }))
  expect(networkOf('', PREFIXES)).toBeUndefined()
})

test('one customer is the same as a /32 or a /64', () => {
  const group = fc.constantFrom(0, 0, 0, 1, 0xdb8, 0x2001, 0xffff)
  const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
    const text = groups.map((each) => each.toString(16)).join(':')
    return new URL(`http://[${text}]/`).hostname.slice(1, -1)
  })
  const one = { ipv4: 32, ipv6: 64 }
  fc.assert(
    fc.property(address, address, (a, b) => {
      expect(oneCustomer(a) === oneCustomer(b)).toBe(networkOf(a, one) === networkOf(b, one))
    }),
    { numRuns: 1000 },
  )
  expect(oneCustomer('192.0.2.1')).toBe('192.0.2.1')
})
