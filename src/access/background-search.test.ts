import { describe, expect, test } from 'vitest'
import { Activity } from './activity.ts'
import { BackgroundSearch } from './background-search.ts'
import { LearnedAddresses } from './learned-addresses.ts'
import { SEARCH_STEP, Search } from './search.ts'
import { Users } from './users.ts'
import { VainSearches } from './vain-searches.ts'

const USERS = 2 * SEARCH_STEP
const MINUTE = 60_000

function scene() {
  const settings = Array.from({ length: USERS }, (_, n) => ({
    name: `user${n}`,
    secret: '00'.repeat(16),
    enabled: true,
  }))
  const dependencies = {
    users: new Users(settings),
    learned: new LearnedAddresses(new SharedArrayBuffer(LearnedAddresses.bytes(100)), 'seed'),
    activity: new Activity(new SharedArrayBuffer(Activity.bytes(USERS))),
  }
  const clock = { now: 0, step: 0 }
  const rests: number[] = []
  const later: (() => void)[] = []
  const done: string[] = []
  const shared = new SharedArrayBuffer(VainSearches.bytes)
  const vain = new VainSearches(shared, 'seed', () => Math.floor(clock.now / 1000))
  const background = new BackgroundSearch({
    vain,
    now: () => (clock.now += clock.step),
    after: (milliseconds, run) => {
      rests.push(milliseconds)
      later.push(run)
    },
  })
  /** Somebody's search; whose secret is nobody's is searched for among all. */
  const ask = (block: string, { isUser = false, name = block } = {}) => {
    let tries = 0
    const one = () => {
      tries++
      if (tries === USERS) done.push(name)
      return isUser && tries === USERS ? { helloSeconds: 1 } : undefined
    }
    return background.finish(
      new Search({ one }, { address: block, serverName: undefined }, dependencies, 1),
      block,
      () => done.push(`${name} found`),
    )
  }
  const work = (times = Number.POSITIVE_INFINITY) => {
    for (let n = 0; n < times && later.length > 0; n++) later.shift()!()
  }
  return { background, ask, work, clock, rests, done, vain }
}

describe('BackgroundSearch', () => {
  test("a block's first search comes before any block's second; of equals the latest and the oldest take turns", () => {
    const { background, ask, work, done } = scene()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) expect(ask(name[0]!, { name })).toBe(true)
    work()
    expect(done).toEqual(['c1', 'a3', 'b2', 'a1', 'b1', 'a2'])
    expect(background.waiting).toBe(0)
  })

  test("a client's next try has the place of the one before it, however late it comes", () => {
    const { ask, work, clock, done } = scene()
    ask('client', { name: 'client 1' })
    for (let n = 0; n < 4; n++) ask(`other ${n}`)
    clock.now += 20_000
    ask('client', { name: 'client 2' })
    work()
    expect(done).toEqual(['other 3', 'client 2', 'other 2', 'other 0', 'other 1', 'client 1'])
  })

  test('whoever waits in another worker too is as new there', () => {
    const { ask, work, done, vain } = scene()
    ask('new')
    vain.add('client', 1)
    ask('client')
    vain.add('flood', 2)
    ask('flood')
    work()
    expect(done).toEqual(['client', 'new', 'flood'])
  })

  test('a quarter of the time is its share', () => {
    const { ask, work, clock, rests } = scene()
    clock.step = 2
    ask('a')
    work()
    expect(rests.slice(1)).toEqual([6, 6, 6])
  })

  test('one who was searched for in vain comes behind whoever is new, until that is forgotten', () => {
    const { ask, work, clock, done } = scene()
    ask('a')
    work()
    ask('new')
    ask('a')
    work()
    expect(done).toEqual(['a', 'new', 'a'])
    clock.now += 11 * MINUTE
    for (const name of ['a', 'b', 'c']) ask(name)
    work()
    expect(done.slice(3).at(-1)).toBe('b')
  })

  test('a search that finds its user does not count against its block', () => {
    const { ask, work, done } = scene()
    for (const name of ['first', 'second']) {
      ask('nat', { isUser: true, name })
      work()
    }
    ask('vain')
    work()
    ask('nat', { name: 'third' })
    ask('vain', { name: 'vain again' })
    work()
    expect(done.slice(4)).toEqual(['vain', 'third', 'vain again'])
  })

  test('what is begun is finished before whatever comes later', () => {
    const { ask, work, done } = scene()
    ask('a')
    work(1)
    ask('b')
    work()
    expect(done).toEqual(['a', 'b'])
  })

  test('what waits is bounded, and somebody new takes the place of one who floods', () => {
    const { background, ask, work, done } = scene()
    for (let n = 0; n < 5000; n++) ask('flood')
    expect(background.waiting).toBe(1024)
    expect(ask('new')).toBe(true)
    expect(background.waiting).toBe(1024)
    work(6)
    expect(done).toEqual(['new', 'flood'])
  })
})
