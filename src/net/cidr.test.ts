import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CidrError, CidrSet, parseCidr } from './cidr.ts'

describe('parseCidr', () => {
  test.each([
    ['192.0.2.0/24', { family: 'ipv4', address: '192.0.2.0', prefix: 24 }],
    ['192.0.2.7', { family: 'ipv4', address: '192.0.2.7', prefix: 32 }],
    ['0.0.0.0/0', { family: 'ipv4', address: '0.0.0.0', prefix: 0 }],
    [' ::1 ', { family: 'ipv6', address: '::1', prefix: 128 }],
    ['2001:db8::/32', { family: 'ipv6', address: '2001:db8::', prefix: 32 }],
    ['::ffff:10.0.0.0/104', { family: 'ipv4', address: '10.0.0.0', prefix: 8 }],
  ])('%s', (text, cidr) => {
    expect(parseCidr(text)).toEqual(cidr)
  })

  test.each([
    '',
    '/',
    '192.0.2.0/33',
    '::/129',
    '192.0.2.0/-1',
    '192.0.2.0/',
    '192.0.2/24',
    'a/8',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
  ])('"%s" is none', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

describe('CidrSet', () => {
  const set = new CidrSet(['127.0.0.0/8', '192.0.2.77/24', '2001:db8::/32', '::1'])

  test.each(['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:192.0.2.3', '192.0.2.255', '2001:db8:1::5', '::1'])(
    'holds %s',
    (address) => {
      expect(set.has(address)).toBe(true)
    },
  )

  test.each(['128.0.0.1', '::ffff:8.8.8.8', '192.0.3.0', '2001:db9::', '::2', '', 'localhost', '127.1'])(
    'does not hold "%s"',
    (address) => {
      expect(set.has(address)).toBe(false)
    },
  )

  test('IPv4 is the mapped part of IPv6, in either spelling', () => {
    expect(new CidrSet(['::ffff:0:0/96']).has('198.51.100.1')).toBe(true)
    expect(new CidrSet(['0.0.0.0/0']).has('::ffff:198.51.100.1')).toBe(true)
    expect(new CidrSet(['0.0.0.0/0']).has('2001:db8::1')).toBe(false)
    expect(new CidrSet(['2000::/3']).has('32.1.13.184')).toBe(false)
    expect(new CidrSet([]).has('127.0.0.1')).toBe(false)
  })

  test('a bad entry is named', () => {
    expect(() => new CidrSet(['10.0.0.0/8', '10.0.0.0/99'])).toThrow(CidrError)
    expect(() => new CidrSet(['10.0.0.0/99'])).toThrow('"10.0.0.0/99" is no network')
  })

  test('agrees with the arithmetic of IPv4', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
    const number = (o: readonly number[]) => o.reduce((sum, octet) => sum * 256 + octet, 0)
    fc.assert(
      fc.property(octets, octets, fc.nat(32), (network, address, prefix) => {
        const size = 2 ** (32 - prefix)
        const expected = Math.floor(number(network) / size) === Math.floor(number(address) / size)
        expect(new CidrSet([`${network.join('.')}/${prefix}`]).has(address.join('.'))).toBe(expected)
      }),
    )
  })
})
