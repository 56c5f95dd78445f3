import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readClientHello } from '../protocol/tls/client-hello.ts'
import { digestChallenge } from '../protocol/tls/digest.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { Activity } from './activity.ts'
import { HelloProver } from './hello-prover.ts'
import { LearnedAddresses } from './learned-addresses.ts'
import { SEARCH_STEP, Search, type SearchDependencies } from './search.ts'
import { Users } from './users.ts'

const NOW = 1_795_347_266
const prover = new HelloProver()

function house(count: number, domains: Record<number, string> = {}): SearchDependencies {
  const settings = Array.from({ length: count }, (_, index) => ({
    name: `user${index}`,
    secret: randomBytes(16).toString('hex'),
    enabled: true,
    domain: domains[index],
  }))
  return {
    users: new Users(settings),
    learned: new LearnedAddresses(new SharedArrayBuffer(LearnedAddresses.bytes(100)), 'seed'),
    activity: new Activity(new SharedArrayBuffer(Activity.bytes(count))),
  }
}

function helloOf(index: number, { users }: SearchDependencies) {
  return challengeOf(users.all[index]!.secret)
}

function challengeOf(secret: Buffer) {
  const bytes = writeClientHello(
    { class: 'tdlib', domain: 'www.example.org', secret, unixSeconds: NOW },
    randomBytes,
  )
  const reading = readClientHello(bytes)
  if (reading.state !== 'complete') throw new Error('the hello is not whole')
  return digestChallenge(reading.hello)
}

const visitor = { address: '198.51.100.4', serverName: 'www.example.org' }

/** Candidates tried until the user was found. */
function triesFor(index: number, found: SearchDependencies, place = visitor): number {
  const search = new Search(prover.of(helloOf(index, found)), place, found, NOW)
  for (let tries = 1; ; tries++) {
    const result = search.step(1)
    if (result === 'nobody') throw new Error('not found')
    if (result === 'more') continue
    expect(result.user.index).toBe(index)
    expect(result.helloSeconds).toBe(NOW)
    return tries
  }
}

describe('Search', () => {
  test('finds any user, and nobody for a stranger', () => {
    const found = house(200)
    for (const index of [0, 63, 64, 199]) expect(triesFor(index, found)).toBeGreaterThan(0)
    const stranger = new Search(prover.of(helloOf(0, house(1))), visitor, found, NOW)
    let steps = 1
    while (stranger.step() === 'more') steps++
    expect(steps).toBe(Math.ceil(201 / SEARCH_STEP))
  })

  test('the first candidate is right for a returning address, an own domain, a neighbour', () => {
    const found = house(500, { 321: 'u321.example.org' })
    found.learned.remember('198.51.100.4', 400, NOW)
    expect(triesFor(400, found)).toBe(1)
    expect(triesFor(400, found, { ...visitor, address: '198.51.100.77' })).toBe(1)
    expect(triesFor(321, found, { address: '192.0.2.1', serverName: 'U321.example.org' })).toBe(1)
  })

  test('users active lately come before the others, and nobody is tried twice', () => {
    const found = house(500)
    found.activity.mark(450, NOW - 5)
    expect(triesFor(450, found, { ...visitor, address: '192.0.2.1' })).toBe(1)
    found.learned.remember('198.51.100.4', 0, NOW)
    found.learned.remember('198.51.100.4', 1, NOW)
    const stranger = new Search(prover.of(helloOf(0, house(1))), visitor, found, NOW)
    let tries = 0
    while (stranger.step(1) === 'more') tries++
    expect(tries).toBe(500)
  })

  test('a previous secret finds its user until its time is over', () => {
    const old = randomBytes(16)
    const previous = [{ secret: old.toString('hex'), until: NOW + 10 }]
    const settings = { name: 'alice', secret: randomBytes(16).toString('hex'), enabled: true, previous }
    const found = { ...house(3), users: new Users([settings]) }
    const bytes = writeClientHello(
      { class: 'tdlib', domain: 'www.example.org', secret: old, unixSeconds: NOW },
      randomBytes,
    )
    const reading = readClientHello(bytes)
    if (reading.state !== 'complete') throw new Error('the hello is not whole')
    const challenge = digestChallenge(reading.hello)
    const match = new Search(prover.of(challenge), visitor, found, NOW + 9).step()
    expect(match).toMatchObject({ user: { name: 'alice' }, key: { secret: old, until: NOW + 10 } })
    expect(new Search(prover.of(challenge), visitor, found, NOW + 10).step()).toBe('nobody')
  })

  test('a secret of before is found among many, also where users have several', () => {
    const old = randomBytes(16)
    const settings = Array.from({ length: 30 }, (_, index) => ({
      name: `user${index}`,
      secret: randomBytes(16).toString('hex'),
      enabled: true,
      previous: [1, 2, 3].map((which) => ({
        secret: (index === 17 && which === 2 ? old : randomBytes(16)).toString('hex'),
        until: NOW + which,
      })),
    }))
    const found = { ...house(0), users: new Users(settings), activity: house(30).activity }
    const match = () => new Search(prover.of(challengeOf(old)), visitor, found, NOW).step(30)
    expect(match()).toMatchObject({ user: { name: 'user17' }, key: { secret: old }, helloSeconds: NOW })
  })

  test('the likely alone are those known from there, and none of the others', () => {
    const found = house(500)
    const stranger = () => new Search(prover.of(helloOf(321, found)), visitor, found, NOW)
    expect(stranger().likely()).toBe('nobody')
    found.learned.remember('198.51.100.4', 321, NOW)
    expect(stranger().likely()).toMatchObject({ user: { index: 321 } })
  })

  test('a place that nobody has is passed over', () => {
    const found = house(3)
    const [first, , last] = found.users.all
    const names = new Map([
      ['user0', 0],
      ['user2', 2],
    ])
    const settings = [first!, last!].map(({ name, secret }) => ({
      name,
      secret: secret.toString('hex'),
      enabled: true,
    }))
    const sparse = { ...found, users: new Users(settings, names) }
    expect(sparse.users.all[1]).toBeUndefined()
    expect(triesFor(2, sparse)).toBe(2)
  })

  test('an index learned before users were removed is passed over', () => {
    const found = house(3)
    found.learned.remember('198.51.100.4', 77, NOW)
    expect(triesFor(2, found)).toBeLessThanOrEqual(3)
  })
})

test('whoever is seen from there while a search waits is tried next', () => {
  const found = house(500)
  const search = new Search(prover.of(helloOf(400, found)), visitor, found, NOW)
  expect(search.step(1)).toBe('more')
  found.learned.remember('198.51.100.4', 400, NOW)
  search.askAgain()
  expect(search.step(1)).toMatchObject({ user: { index: 400 } })
})

test('of a name that many share all are tried before anybody else, and only a few at once', () => {
  const names = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [n + 400, 'shared.example.org']))
  const found = house(500, names)
  const place = { address: '192.0.2.1', serverName: 'shared.example.org' }
  for (const index of [400, 439]) {
    expect(triesFor(index, found, place)).toBeLessThanOrEqual(40)
    expect(new Search(prover.of(helloOf(index, found)), place, found, NOW).likely()).toBe('nobody')
  }
  expect(triesFor(0, found, place)).toBeGreaterThan(40)
})
