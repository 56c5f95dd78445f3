import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IpNumber } from './ip-number.ts'
import { IpRangeSet } from './ip-range-set.ts'
import { IpRanges } from './ip-ranges.ts'

interface Model {
  family: 4 | 6
  first: bigint
  last: bigint
}

const BITS = { 4: 32, 6: 128 } as const

function spelt(family: 4 | 6, value: bigint): string {
  const digits = value.toString(16).padStart(BITS[family] / 4, '0')
  if (family === 6) return digits.match(/.{4}/g)!.join(':')
  return digits
    .match(/.{2}/g)!
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function number(family: 4 | 6, value: bigint): IpNumber {
  const ip = new IpNumber()
  if (!ip.read(spelt(family, value))) throw new Error(spelt(family, value))
  return ip
}

/** Few high and low bits vary, so that ranges meet, overlap, touch and lie in one another. */
const addressOf = (family: 4 | 6) =>
  fc
    .tuple(fc.nat(3), fc.nat(15), fc.constantFrom(0n, 1n, -1n))
    .map(([high, low, fill]) => {
      const bits = BigInt(BITS[family])
      const middle = BigInt.asUintN(BITS[family] - 6, fill) & ~15n
      return (BigInt(high) << (bits - 2n)) | middle | BigInt(low)
    })
    // Mapped addresses are IPv4.
    .filter((value) => family === 4 || value >> 32n !== 0xffffn)

const modelOf = (family: 4 | 6): fc.Arbitrary<Model> =>
  fc.oneof(
    fc.tuple(addressOf(family), addressOf(family)).map(([a, b]) => {
      const [first, last] = a < b ? [a, b] : [b, a]
      return { family, first, last }
    }),
    fc.tuple(addressOf(family), fc.nat(BITS[family])).map(([address, prefix]) => {
      const hostBits = BigInt(BITS[family] - prefix)
      const first = (address >> hostBits) << hostBits
      return { family, first, last: first + (1n << hostBits) - 1n }
    }),
  )

function add(ranges: IpRanges, { family, first, last }: Model): void {
  const size = last - first + 1n
  const isNetwork = (size & (size - 1n)) === 0n && first % size === 0n
  if (!isNetwork) expect(ranges.addRange(number(family, first), number(family, last))).toBe(true)
  else ranges.addNetwork(number(family, first), BITS[family] - (size.toString(2).length - 1))
}

describe('a set of ranges', () => {
  test('holds what a naive model holds, and no more', () => {
    const models = fc.array(fc.oneof(modelOf(4), modelOf(6)), { maxLength: 12 })
    fc.assert(
      fc.property(models, fc.array(addressOf(4)), fc.array(addressOf(6)), (all, asked4, asked6) => {
        const ranges = new IpRanges()
        for (const model of all) add(ranges, model)
        const set = new IpRangeSet(IpRangeSet.share(ranges))
        const ask = (family: 4 | 6, value: bigint) => {
          if (value < 0n || value >= 1n << BigInt(BITS[family])) return
          if (family === 6 && value >> 32n === 0xffffn) return
          const expected = all.some(
            (model) => model.family === family && model.first <= value && value <= model.last,
          )
          expect(set.has(number(family, value)), spelt(family, value)).toBe(expected)
        }
        for (const value of asked4) ask(4, value)
        for (const value of asked6) ask(6, value)
        for (const { family, first, last } of all)
          for (const value of [first - 1n, first, first + 1n, last - 1n, last, last + 1n]) ask(family, value)
        expect(set.size).toBe(mergedCount(all, 4) + mergedCount(all, 6))
      }),
      { numRuns: 1000 },
    )
  })

  test('100,000 networks are found, each at both of its ends, in 0.8 MB', () => {
    const ranges = new IpRanges()
    for (let i = 0; i < 100_000; i++) ranges.addNetwork(number(4, BigInt(i * 40_000)), 27)
    const shared = IpRangeSet.share(ranges)
    expect(shared.byteLength).toBe(100_000 * 8 + 8)
    const set = new IpRangeSet(shared)
    const missing = Array.from({ length: 100_000 }, (_, i) => i).filter((i) => {
      const first = BigInt(i * 40_000) & ~31n
      return !set.has(number(4, first)) || !set.has(number(4, first + 31n)) || set.has(number(4, first + 32n))
    })
    expect(missing).toEqual([])
  })
})

/** How many ranges are left when all that overlap or touch are joined. */
function mergedCount(all: readonly Model[], family: 4 | 6): number {
  const sorted = all
    .filter((model) => model.family === family)
    .toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  let count = 0
  let end = -2n
  for (const { first, last } of sorted) {
    if (first > end + 1n) count++
    if (last > end) end = last
  }
  return count
}
