import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { strangeHello } from '../../../test/probes/hellos.ts'
import { metricSum } from '../../../test/world/metrics.ts'
import { ALICE } from '../../../test/world/portico-toml.ts'
import { quantile } from '../statistics/quantile.ts'
import { below, type Random, shuffled } from '../statistics/random.ts'
import type { Address } from '../tap/tap.ts'
import { helloOf } from './client-class.ts'
import { countEncryptedRecords, retried } from './flights.ts'
import { helloAndFlight, ownAddress } from './hello-and-flight.ts'
import { startPlainRelay } from './plain-relay.ts'
import { DOMAIN, SECRET, type Subject } from './subject.ts'

/** Milliseconds that something takes longer than the front itself, each round compared with the front in the same round. */
export interface Paired {
  readonly what: string
  readonly median: number
  /** 95 % of the median, by bootstrap. */
  readonly low: number
  readonly high: number
  /** Median and 90th percentile of the times themselves. */
  readonly own: readonly [median: number, p90: number]
}

export interface AddedTime {
  readonly users: number
  readonly rounds: number
  /** Median and 90th percentile of the front's own. */
  readonly front: readonly [median: number, p90: number]
  readonly rows: readonly Paired[]
  readonly pace: Pace
  /** Clients from addresses that portico had not seen: how many were let in at their first try, at their second … */
  readonly newcomers: readonly number[]
}

const RETURNING = '127.77.7.7'
const NEWCOMERS = 10
const TRIES = 4
/** Between two tries of a Telegram client, about. */
const AGAIN = 1000

/** Configurations of so many users, of which the one who comes is somewhere in the middle. */
export function usersOf(count: number): Record<string, string> {
  const others = Array.from({ length: count - 1 }, (_, at) => [`user-${at}`, randomBytes(16).toString('hex')])
  others.splice(others.length >> 1, 0, ['alice', ALICE])
  return Object.fromEntries(others) as Record<string, string>
}

/** How connections follow each other. */
export interface Pace {
  /** Rounds before those that count: the runtime translates what runs often. */
  readonly warmUp: number
  /** Milliseconds behind each round: a stranger's hello is looked for among all users in the background. */
  readonly rest: number
  /** As of `helloAndFlight`: who says its hello so late does not wait for our connection to the front. */
  readonly distance: number
}

export interface AddedTimeOptions {
  readonly users: number
  readonly rounds: number
  readonly pace: Pace
}

/** From the hello's write to the flight's last byte, as a client on this machine has it, without a tap. */
export async function addedTime(
  subject: Subject,
  { users, rounds, pace }: AddedTimeOptions,
  random: Random,
): Promise<AddedTime> {
  const { front, portico } = subject
  const relay = await startPlainRelay(front.endpoint)
  const records = await countEncryptedRecords(front.endpoint, 'tdlib-144')
  const genuine = () => helloOf('tdlib-144', DOMAIN, SECRET, randomBytes)
  let failures = 0
  const timed = (to: Address, make: () => Buffer, count: number, from: () => string) =>
    retried(
      async () => (await helloAndFlight(to, make(), count, from(), pace.distance)).milliseconds,
      () => ++failures <= rounds / 10,
    )
  const arms = {
    front: () => timed(front.endpoint, genuine, records, ownAddress),
    'the front once more': () => timed(front.endpoint, genuine, records, ownAddress),
    'a plain relay in Node': () => timed(relay, genuine, records, ownAddress),
    'a user who has been here': () => timed(portico, genuine, 1, () => RETURNING),
    'a visitor': () => timed(portico, () => strangeHello(), records, ownAddress),
  }
  const names = Object.keys(arms) as (keyof typeof arms)[]
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    keyof typeof arms,
    number[]
  >
  await letIn(subject, genuine)
  for (let round = -pace.warmUp; round < rounds; round++) {
    for (const name of shuffled(names, random)) {
      const time = await arms[name]()
      if (round >= 0) times[name].push(time)
    }
    await sleep(round >= 0 ? pace.rest : 0)
  }
  relay.stop()
  return {
    users,
    rounds,
    front: spread(times.front),
    rows: names.slice(1).map((what) => paired(what, times.front, times[what], random)),
    pace,
    newcomers: await letNewcomersIn(subject, genuine),
  }
}

/** Until portico knows the user by the address. */
async function letIn(subject: Subject, genuine: () => Buffer): Promise<void> {
  const before = await served(subject)
  for (let tries = 0; (await served(subject)) === before; tries++) {
    if (tries === 50) throw new Error('portico does not let the user in')
    await helloAndFlight(subject.portico, genuine(), 1, RETURNING)
    await sleep(100)
  }
}

/** One after the other, each from an address of its own. */
async function letNewcomersIn(subject: Subject, genuine: () => Buffer): Promise<number[]> {
  const atTry = Array<number>(TRIES).fill(0)
  for (let one = 0; one < NEWCOMERS; one++) {
    const address = ownAddress()
    for (let turn = 0; turn < TRIES; turn++) {
      const before = await served(subject)
      await helloAndFlight(subject.portico, genuine(), 1, address)
      // Counted when the connection is over.
      await sleep(AGAIN)
      if ((await served(subject)) === before) continue
      atTry[turn]!++
      break
    }
  }
  return atTry
}

async function served({ portico }: Subject): Promise<number> {
  return metricSum(await portico.metrics(), 'portico_handshakes_total', { result: 'ok' })
}

const RESAMPLES = 1000

function paired(what: string, front: readonly number[], times: readonly number[], random: Random): Paired {
  const differences = times.map((time, at) => time - front[at]!)
  const medians = Array.from({ length: RESAMPLES }, () =>
    quantile(
      differences.map(() => differences[below(differences.length, random)]!),
      0.5,
    ),
  )
  return {
    what,
    median: quantile(differences, 0.5),
    low: quantile(medians, 0.025),
    high: quantile(medians, 0.975),
    own: spread(times),
  }
}

function spread(times: readonly number[]): [number, number] {
  return [quantile(times, 0.5), quantile(times, 0.9)]
}
