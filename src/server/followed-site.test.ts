import { expect, test } from 'vitest'
import type { SiteFacts } from '../front/site.ts'
import { FollowedSite } from './followed-site.ts'

const site = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8443 } } as const
const all = <T>(value: T) => ({ tdlib: value, darwin: value, legacy: value })
const GOOD: SiteFacts = {
  reachable: true,
  selfTarget: false,
  tls13: true,
  mlkem: true,
  records: all(1),
  flightBytes: all(2977),
  encryptedBytes: all(1751),
  varying: [],
  unmirrorable: {},
}
const MANY: SiteFacts = { ...GOOD, records: all(4) }
const OLD: SiteFacts = { ...GOOD, tls13: false, mlkem: false, records: {}, unmirrorable: all('tls12') }
const BACK: SiteFacts = { ...OLD, reachable: false, selfTarget: true, unmirrorable: {} }
const AWAY: SiteFacts = { ...OLD, reachable: false, unmirrorable: {} }

/** A site that answers as the test says, in virtual time. */
function follow(...answers: SiteFacts[]) {
  const said: string[] = []
  const introduced: SiteFacts[] = []
  const waits: { readonly milliseconds: number; readonly over: () => void }[] = []
  let now = 0
  let learned = 0
  const followed = new FollowedSite(site, {
    log: {
      debug: () => {},
      info: (event) => said.push(event),
      warn: () => {},
      error: (event) => said.push(event),
    },
    learn: async () => answers.shift() ?? AWAY,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        waits.push({ milliseconds, over: resolve })
        signal.addEventListener('abort', reject)
      }),
    now: () => now,
    interfaces: () => [],
    learned: () => learned++,
    say: (news) => {
      if (news.type === 'warning') said.push(news.warning.code)
      else introduced.push(news.facts)
    },
  })
  return {
    followed,
    waits,
    introduced,
    /** What was said since the last call. */
    said: () => said.splice(0),
    learned: () => learned,
    /** The wait that was begun first is over. */
    async pass() {
      const { milliseconds, over } = waits.shift()!
      now += milliseconds
      over()
      await settled()
    },
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what is wrong is said when it is known, once, and stands as long as it is so', async () => {
  const { followed, said } = follow(MANY, MANY, GOOD)
  await followed.ask()
  expect(said()).toEqual(['front_many_records'])
  await followed.ask()
  expect(said()).toEqual([])
  expect(followed.warnings.map(({ code }) => code)).toEqual(['front_many_records'])
  await followed.ask()
  expect(said()).toEqual([])
  expect(followed.warnings).toEqual([])
})

test('a front that is away is said to be so once, however often it is asked', async () => {
  const { followed, said, pass, introduced } = follow(AWAY, AWAY, AWAY, MANY, GOOD)
  await followed.ask()
  expect(said()).toEqual(['front_unreachable'])
  await pass()
  await pass()
  expect(said()).toEqual([])
  await pass()
  expect(said()).toEqual(['the front answers now', 'front_many_records'])
  await followed.ask()
  expect(introduced).toEqual([MANY])
})

test('one that goes away and comes back keeps its facts, and is not warned of again', async () => {
  const { followed, said, pass, learned } = follow(MANY, AWAY, MANY)
  await followed.ask()
  said()
  await followed.ask()
  expect(said()).toEqual(['front_unreachable'])
  expect(followed.facts).toEqual({ ...MANY, reachable: false })
  expect(followed.warnings.map(({ code }) => code)).toEqual(['front_unreachable'])
  expect(learned()).toBe(1)
  await pass()
  expect(said()).toEqual(['the front answers now'])
  expect(followed.facts).toEqual(MANY)
})

test('users who are shut out, and that they are let in again', async () => {
  const { followed, said, pass } = follow(GOOD, OLD, GOOD)
  await followed.ask()
  followed.suspect()
  await settled()
  expect(said()).toEqual(['front_no_tls13'])
  // The second suspicion waits until the rest after the first is over.
  followed.suspect()
  followed.suspect()
  await settled()
  expect(said()).toEqual([])
  await pass()
  expect(said()).toEqual(['the front’s own answers fit users again'])
})

test('looks do not overlap, and none is begun after the end', async () => {
  const { followed, waits, said } = follow(AWAY)
  const both = Promise.all([followed.ask(), followed.ask()])
  await both
  expect(waits.map(({ milliseconds }) => milliseconds)).toEqual([10_000])
  followed.stop()
  await settled()
  said()
  await followed.ask()
  expect(said()).toEqual([])
})

test('one that leads back is looked at again, soon at first, until it answers', async () => {
  const { followed, waits, said, pass } = follow(GOOD, BACK, BACK, BACK, BACK, BACK, BACK, GOOD)
  await followed.ask()
  await followed.ask()
  expect(said()).toEqual([expect.stringContaining('leads back to portico itself'), 'front_is_portico'])
  expect(followed.facts).toEqual({ ...GOOD, reachable: false, selfTarget: true })
  // It is looked at anyway.
  followed.suspect()
  const pauses: number[] = []
  for (let look = 0; look < 6; look++) {
    expect(waits.length).toBe(1)
    pauses.push(waits[0]!.milliseconds)
    await pass()
  }
  expect(pauses).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
  expect(said()).toEqual(['the front answers now'])
  expect(followed.facts).toEqual(GOOD)
  expect(waits).toEqual([])
})
