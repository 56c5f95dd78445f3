import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { Names } from './names.ts'

const FOUR = '192.0.2.1'
const SIX = '2001:db8::1'
const names = (addresses: readonly string[] | Error = [SIX, FOUR]) =>
  new Names({
    addresses: async () => {
      if (addresses instanceof Error) throw addresses
      return addresses
    },
  })

function look(of: Names, options: { all?: boolean; family?: number } = { all: true }, bind?: string) {
  return new Promise<unknown>((resolve, reject) => {
    of.lookup(bind)('www.example.org', options, (error, address: string | LookupAddress[]) =>
      error ? reject(error) : resolve(address),
    )
  })
}

test('the address that answered last is tried first, until none answers', async () => {
  const known = names()
  expect(await known.addresses('www.example.org')).toEqual([SIX, FOUR])
  known.connected('www.example.org', FOUR, 20)
  expect(await known.addresses('www.example.org')).toEqual([FOUR, SIX])
  known.connected('www.example.org', '192.0.2.9', 20)
  expect(await known.addresses('www.example.org')).toEqual([SIX, FOUR])
  known.connected('www.example.org', FOUR, 20)
  known.failed('www.example.org')
  expect(await known.addresses('www.example.org')).toEqual([SIX, FOUR])
})

test('an address has 250 ms before the next is tried, and longer where the way is far', () => {
  const known = names()
  expect(known.patience('www.example.org')).toBe(250)
  for (const [took, patience] of [
    [10, 250],
    [400, 800],
    // As `performance.now` counts.
    [242.146321, 484],
    [5000, 2000],
  ] as const) {
    known.connected('www.example.org', FOUR, took)
    expect(known.patience('www.example.org')).toBe(patience)
  }
})

test('for connect of node:net: all, one, one family, and what a bound address can reach', async () => {
  expect(await look(names())).toEqual([
    { address: SIX, family: 6 },
    { address: FOUR, family: 4 },
  ])
  expect(await look(names(), {})).toBe(SIX)
  expect(await look(names(), { family: 4 })).toBe(FOUR)
  expect(await look(names(), { all: true }, '192.0.2.77')).toEqual([{ address: FOUR, family: 4 }])
  await expect(look(names([FOUR]), { all: true }, SIX)).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('a name that leads nowhere, and one of which nobody can say', async () => {
  await expect(look(names([]))).rejects.toMatchObject({ code: 'ENOTFOUND', hostname: 'www.example.org' })
  const unknown = Object.assign(new Error('nobody says'), { code: 'EAI_AGAIN' })
  await expect(look(names(unknown))).rejects.toBe(unknown)
})
