import { expect, test } from 'vitest'
import { interfaceAddresses, isPublicAddress } from './interfaces.ts'

test.each(['203.0.113.7', '8.8.8.8', '172.32.0.1', '2001:db8::7', '2a00::1'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each([
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.1.1',
  '::1',
  'fe80::1',
  'fd00::1',
  'name.example',
  '',
])('%s is not', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test('the loopback is nobody’s address', () => {
  const addresses = interfaceAddresses().map(({ address }) => address)
  expect(addresses).not.toContain('127.0.0.1')
  expect(addresses).not.toContain('::1')
})
