import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networkBlock } from './address-key.ts'
import { LearnedAddresses } from './learned-addresses.ts'

function table(addresses = 1000): [LearnedAddresses, SharedArrayBuffer] {
  const shared = new SharedArrayBuffer(LearnedAddresses.bytes(addresses))
  return [new LearnedAddresses(shared, 'seed'), shared]
}

describe('LearnedAddresses', () => {
  test('a returning address finds its users, latest first, in every worker', () => {
    const [learned, shared] = table()
    learned.remember('198.51.100.4', 7, 100)
    learned.remember('198.51.100.4', 9, 200)
    learned.remember('198.51.100.4', 7, 300)
    const other = new LearnedAddresses(shared, 'seed')
    expect(other.fromAddress('198.51.100.4')).toEqual([7, 9])
    expect(other.fromAddress('198.51.100.5')).toEqual([])
    expect(other.fromBlock('198.51.100.250')).toEqual([7, 9])
  })

  test('IPv6 neighbours share a /48', () => {
    const [learned] = table()
    learned.remember('2001:db8:1:2::3', 4, 100)
    expect(learned.fromBlock('2001:db8:1:ffff::1')).toEqual([4])
    expect(learned.fromBlock('2001:db8:2::1')).toEqual([])
  })

  test('memory bounds it: the oldest of a set makes room', () => {
    const [learned] = table(8)
    for (let i = 0; i < 1000; i++) learned.remember(`10.0.${i >> 8}.${i & 255}`, i, i + 1)
    expect(learned.fromAddress('10.0.3.231')).toEqual([999])
    expect(learned.fromAddress('10.0.0.0')).toEqual([])
  })

  test('an address remembered last is always found', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.ipV4(), fc.nat(50)), { minLength: 1, maxLength: 60 }), (visits) => {
        const [learned] = table(64)
        visits.forEach(([address, user], at) => {
          learned.remember(address, user, at + 1)
          expect(learned.fromAddress(address)[0]).toBe(user)
        })
      }),
    )
  })
})

test.each([
  ['203.0.113.7', '203.0.113'],
  ['2001:db8:1:2::3', '2001:db8:1::'],
  ['2001:db8::3', '2001:db8:0::'],
  ['::1', '0:0:0::'],
])('the network block of %s is %s', (address, block) => {
  expect(networkBlock(address)).toBe(block)
})
