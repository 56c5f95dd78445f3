import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readClientHello } from '../../src/protocol/tls/client-hello.ts'
import { digestChallenge, digestTime } from '../../src/protocol/tls/digest.ts'
import { SHARED_NAME, secretOf } from '../load/crowd.ts'
import { strangerSource } from '../load/hello-source.ts'
import type { Entrance, Knocks } from '../load/jobs/knock.ts'
import type { Load } from '../load/processes.ts'
import { loopProbe, worstStretch } from '../measure/loop-delay.ts'
import { cpuTime } from '../measure/usage.ts'
import { type PorticoOptions, startPortico } from '../subjects/portico.ts'
import type { Subject, Surroundings } from '../subjects/subject.ts'

const COUNTS = [1, 100, 1000, 10_000]
const MANY = 10_000
const ACTIVE = MANY / 5
const WORKERS = 2
const SETTLE = 2000
const ATTACKER = { addresses: 1000, atOnce: 64 }

/** What came of clients who wanted in, and what it cost. */
export interface Crowd {
  readonly users: number
  readonly what: string
  /** CPU of the whole process beyond that of an idle one, µs a client; further tries and searches in the background included. */
  readonly cpu: number
  /** Longest stretch of a worker's loop, ms of CPU. */
  readonly stretch: number
  readonly entrance: Entrance
  readonly failed: number
  readonly failure: string | undefined
}

export interface Browsing {
  readonly users: number
  readonly p50: number
  readonly p90: number
}

export interface Authentication {
  /** µs that one candidate costs on this machine. */
  readonly candidate: number
  readonly crowds: readonly Crowd[]
  readonly browsing: readonly Browsing[]
  /** Hellos of the attacker a second, while clients came. */
  readonly attack: number | undefined
}

export type AuthenticationPart = 'users' | 'crowd' | 'strangers' | 'attack'

export interface Bench {
  readonly load: Load
  readonly surroundings: Surroundings
  readonly portico: Pick<PorticoOptions, 'root' | 'built' | 'nodeOptions'>
  say(text: string): void
}

/** Finding users, with two workers and a new source port for every try. */
export async function measureAuthentication(
  wanted: (part: AuthenticationPart) => boolean,
  bench: Bench,
): Promise<Authentication> {
  const crowds: Crowd[] = []
  const browsing: Browsing[] = []
  let attack: number | undefined
  if (wanted('users')) {
    for (const users of COUNTS) crowds.push(...(await withHouse(users, bench, measureUsers)))
  }
  if (wanted('crowd')) {
    crowds.push(...(await withHouse(MANY, bench, (house) => measureMobile(house, 'own'))))
    crowds.push(...(await withHouse(MANY, bench, (house) => measureMobile(house, 'shared'))))
  }
  if (wanted('strangers')) browsing.push(...(await measureStrangers(bench)))
  if (wanted('attack')) {
    const attacked = await withHouse(MANY, bench, measureAttack)
    crowds.push(...attacked.crowds)
    attack = attacked.rate
  }
  return { candidate: candidateMicros(), crowds, browsing, attack }
}

/** One portico with that many users. */
interface House {
  readonly users: number
  readonly subject: Subject
  readonly probes: string
  readonly load: Load
  /** Share of a core that it and its probes use while nobody comes. */
  readonly idle: number
}

async function withHouse<T>(users: number, bench: Bench, work: (house: House) => Promise<T>): Promise<T> {
  const { load, surroundings, say } = bench
  say(`authentication, ${users} users`)
  const house = await open(users, bench)
  try {
    return await work({ ...house, load })
  } finally {
    await house.subject.stop()
  }

  async function open(crowd: number, { portico }: Bench): Promise<Omit<House, 'load'>> {
    const probes = mkdtempSync(join(surroundings.folder, 'loop-'))
    const nodeOptions = [...portico.nodeOptions, loopProbe(probes)]
    const options = { ...portico, name: 'portico', nodeOptions, workers: WORKERS, crowd }
    const subject = await startPortico(surroundings, options)
    await sleep(SETTLE)
    const before = cpuTime(subject.pid)
    await sleep(SETTLE)
    const idle = (cpuTime(subject.pid).total - before.total) / (SETTLE / 1000)
    return { users, probes, subject, idle }
  }
}

type Coming = Partial<Knocks> & { readonly clients: number; readonly what: string }

async function come(house: House, { what, ...coming }: Coming): Promise<Crowd> {
  const { users, subject, probes, load, idle } = house
  const knocks = { users, active: users, rate: 100, strange: 0, name: 'shared', first: 0, ...coming } as const
  const [before, began] = [cpuTime(subject.pid), Date.now()]
  const result = await load.run({ do: 'knock', ...knocks }, subject.target)
  const after = cpuTime(subject.pid)
  return {
    users,
    what,
    cpu: ((after.total - before.total - idle * result.seconds) * 1e6) / knocks.clients,
    stretch: worstStretch(probes, began, Date.now()),
    entrance: result.entrance!,
    failed: result.failed,
    failure: result.failure,
  }
}

/** So that code is compiled and sites are known, without anybody's address. */
async function warmUp(house: House): Promise<void> {
  await come(house, { what: 'warm-up', clients: 300, name: 'own', strange: 1 })
}

async function measureUsers(house: House): Promise<Crowd[]> {
  await warmUp(house)
  const clients = 400
  const few = Math.min(house.users, clients)
  await come(house, { what: 'first', clients: few, name: 'own' })
  return [
    await come(house, { what: 'returning to its address', clients, active: few }),
    await come(house, { what: 'own name, new address', clients, name: 'own', strange: 1 }),
    // Of those who never came: nothing is known of them.
    await come(house, {
      what: 'first time, shared name',
      clients: 100,
      rate: 10,
      strange: 1,
      first: Math.min(few, house.users - 1),
    }),
  ]
}

async function measureMobile(house: House, name: 'own' | 'shared'): Promise<Crowd[]> {
  await come(house, { what: 'warm-up', clients: ACTIVE, active: ACTIVE, name: 'own' })
  const mobile = { clients: 500, active: ACTIVE, rate: 20, strange: 0.5, name }
  return [await come(house, { ...mobile, what: `mobile crowd, ${name} name`, first: 500 })]
}

async function measureAttack(house: House): Promise<{ crowds: Crowd[]; rate: number }> {
  const { load, subject } = house
  await come(house, { what: 'warm-up', clients: ACTIVE, active: ACTIVE, name: 'own' })
  const kinds = [
    { what: 'returning', clients: 200, active: ACTIVE, rate: 20 },
    { what: 'own name', clients: 200, name: 'own', strange: 1, rate: 20 },
  ] as const
  const newcomers = { what: 'newcomer', clients: 20, active: MANY, strange: 1, first: ACTIVE, rate: 2 }
  const calm: Crowd[] = []
  for (const kind of [...kinds, newcomers])
    calm.push(await come(house, { ...kind, what: `${kind.what}, calm` }))
  const seconds = 75
  const flooded = load.runBeside({ do: 'flood', ...ATTACKER, seconds }, subject.target)
  await sleep(3000)
  const attacked: Crowd[] = []
  const more = [...kinds, { ...newcomers, first: ACTIVE + newcomers.clients }]
  for (const kind of more) attacked.push(await come(house, { ...kind, what: `${kind.what}, attacked` }))
  const { flooded: hellos = 0 } = await flooded
  return { crowds: [...calm, ...attacked], rate: hellos / seconds }
}

/** The same visits to a portico with one user and to one with many, in turns. */
async function measureStrangers(bench: Bench): Promise<Browsing[]> {
  return withHouse(1, bench, (few) =>
    withHouse(MANY, bench, async (many) => {
      const visits = 100
      const waits = [few, many].map((house) => ({ house, p50: [] as number[], p90: [] as number[] }))
      for (let round = 0; round < 6; round++) {
        for (const { house, p50, p90 } of waits) {
          const { latency } = await bench.load.run({ do: 'browse', visits }, house.subject.target)
          // The first round warms up.
          if (round === 0) continue
          p50.push(latency!.p50)
          p90.push(latency!.p90)
        }
      }
      const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
      return waits.map(({ house, p50, p90 }) => ({ users: house.users, p50: middle(p50), p90: middle(p90) }))
    }),
  )
}

function candidateMicros(): number {
  const reading = readClientHello(strangerSource(SHARED_NAME)())
  if (reading.state !== 'complete') throw new Error('the hello is not whole')
  const challenge = digestChallenge(reading.hello)
  const key = Buffer.from(secretOf(0), 'hex')
  const tries = 20_000
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    for (let n = 0; n < tries; n++) digestTime(challenge, key)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / tries)
  }
  return best
}
