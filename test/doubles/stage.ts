import { randomBytes } from 'node:crypto'
import { Activity } from '../../src/access/activity.ts'
import { Admission } from '../../src/access/admission.ts'
import { BackgroundSearch } from '../../src/access/background-search.ts'
import { HelloProver } from '../../src/access/hello-prover.ts'
import { LearnedAddresses } from '../../src/access/learned-addresses.ts'
import { allocateLimits } from '../../src/access/limits-memory.ts'
import { PendingHellos } from '../../src/access/pending-hellos.ts'
import { LoggedReplayMemory } from '../../src/access/replay-log.ts'
import { ReplayMemory } from '../../src/access/replay-memory.ts'
import type { UserLimits } from '../../src/access/user-limits.ts'
import { Users } from '../../src/access/users.ts'
import { VainSearches } from '../../src/access/vain-searches.ts'
import { ImitatedFront } from '../../src/front/imitated-front.ts'
import { withoutFront } from '../../src/front/manners.ts'
import type { SiteProfile } from '../../src/front/profile.ts'
import type { SiteFacts } from '../../src/front/site.ts'
import { siteChooser } from '../../src/front/sites.ts'
import { Wheel } from '../../src/net/wheel.ts'
import type { House, SessionStart } from '../../src/session/house.ts'
import { KnownSite } from '../../src/session/known-site.ts'
import { walk } from '../../src/session/session.ts'
import { Tee } from '../../src/session/tee.ts'
import { Turns } from '../../src/session/turns.ts'
import type { DialResult } from '../../src/telegram/dial-data-centre.ts'
import { Directory } from '../../src/telegram/directory.ts'
import type { Mode } from '../../src/telemetry/catalogue.ts'
import { allocateCounters, Counters, readTotals } from '../../src/telemetry/counters.ts'
import { ScriptedLeg } from './scripted-leg.ts'

export interface Plan {
  readonly secret: Buffer
  /** Unix seconds. */
  readonly now: number
  readonly enabled?: boolean
  /** Users who are tried before this one. */
  readonly others?: number
  /** Sessions open already. */
  readonly sessions?: number
  readonly sessionLimit?: number
  /** Of the user. */
  readonly limits?: UserLimits
  readonly maintenance?: boolean
  /** Secrets that the user had before. */
  readonly previous?: readonly { readonly secret: string; readonly until: number }[]
  /** Hellos that may be awaited or searched at a time. */
  readonly pending?: { readonly all: number; readonly perAddress: number }
  /** Encrypted records that the front is known to send. */
  readonly records?: number | undefined
  /** Why it could not be mirrored when it was asked last. */
  readonly unmirrorable?: SiteFacts['unmirrorable']
  readonly otherSite?: string
  /** Default `auto`, with nothing recorded. */
  readonly answer?: House['settings']['answer']
  readonly profile?: SiteProfile
  readonly unknownName?: House['settings']['unknownName']
  readonly dial?: Extract<DialResult, { ok: false }>
  /** The dial waits for `finishDial`. */
  readonly dialLater?: boolean
  /** Hears that a site answers otherwise than it is known to. */
  readonly otherAnswer?: () => void
  /** Every hello counts as one of our start-up checks. */
  readonly ownHello?: boolean
  /** What the listener allows; FakeTLS alone if not said. */
  readonly modes?: readonly Mode[]
  /** Whether the lists of addresses refuse the client; asked at accept and before the relay begins. */
  readonly listed?: () => boolean
  /** Milliseconds that pass between two looks of the walk at its clock; default 0. */
  readonly pace?: number
}

/** A whole walk without a socket, a clock or a thread: the legs are scripted, the shared memory is real. */
export function stage(plan: Plan) {
  const wheel = new Wheel()
  const counters = allocateCounters(1)
  const fronts: ScriptedLeg[] = []
  const started: SessionStart[] = []
  const dataCentre = new ScriptedLeg()
  const answers: string[] = []
  const rests: (() => void)[] = []
  const dialled = Promise.withResolvers<void>()
  if (!plan.dialLater) dialled.resolve()
  let passed = 0
  const house: House = {
    ...furnish(plan, wheel, counters, fronts, started, dataCentre, dialled.promise, answers, rests),
    unixSeconds: () => plan.now + passed,
  }

  const visit = () => {
    const client = new ScriptedLeg()
    const tee = new Tee(
      client,
      {
        wheel,
        now: () => wheel.now,
        soon: setImmediate,
        awaitsInit: plan.modes?.some((mode) => mode !== 'tls') ?? false,
        withoutFront: plan.profile && withoutFront(plan.profile.manners),
      },
      () => {},
    )
    client.handler = tee
    const from = fronts.length
    const visitor = {
      address: '198.51.100.4',
      port: 40_000,
      modes: plan.modes ?? (['tls'] as const),
      shownAddress: '198.51.100.0/24',
      family: 'ipv4' as const,
      listener: 0,
      acceptedAt: 0,
    }
    tee.showTo((handler) => house.dialFront(house.sites(undefined).site, handler, visitor))
    void walk(tee, visitor, house)
    return { client, front: fronts[from]! }
  }
  return {
    ...visit(),
    visit,
    fronts,
    started,
    /** What users sent after our answers. */
    answers,
    dataCentre,
    wheel,
    finishDial: () => dialled.resolve(),
    /** So many seconds later. */
    later: (seconds: number) => {
      passed += seconds
    },
    /** The user is known from the visitors' address. */
    learn: () => house.search.learned.remember('198.51.100.4', plan.others ?? 0, plan.now),
    isLearned: () => house.search.learned.fromAddress('198.51.100.4').includes(plan.others ?? 0),
    searchedLater: () => house.background.waiting,
    /** As if nothing else was to do until all is searched. */
    finishSearches: () => {
      for (let run = rests.shift(); run; run = rests.shift()) run()
    },
    /** A counter by its name without prefix, and the values of its labels. */
    counted: (name: string, ...labels: string[]) => countedIn(counters, name, labels),
  }
}

function furnish(
  plan: Plan,
  wheel: Wheel,
  counters: SharedArrayBuffer,
  fronts: ScriptedLeg[],
  started: SessionStart[],
  dataCentre: ScriptedLeg,
  dialled: Promise<void>,
  answers: string[],
  rests: (() => void)[],
): Omit<House, 'unixSeconds'> {
  const { now, secret, enabled = true } = plan
  const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 8443 } as const
  const count = 'records' in plan ? plan.records : 1
  const facts = {
    records: count === undefined ? {} : { tdlib: count },
    unmirrorable: plan.unmirrorable ?? {},
  }
  const domains = ['www.example.org', ...(plan.otherSite ? [plan.otherSite] : [])]
  const own = plan.ownHello === true
  let looks = 0
  const { limits, previous, maintenance = false, others = 0 } = plan
  const stranger = (_: unknown, at: number) => ({
    name: `user${at}`,
    secret: randomBytes(16).toString('hex'),
    enabled: true,
  })
  const users = new Users([
    ...Array.from({ length: others }, stranger),
    { name: 'alice', secret: secret.toString('hex'), enabled, limits, previous: previous ?? [] },
  ])
  const memory = allocateLimits({
    workers: 1,
    addressesMax: [...Array<number>(others).fill(0), limits?.addresses?.max ?? 0],
    addressSlots: 64,
  })
  const place = { worker: 1, seed: 'seed' }
  const admission = new Admission(
    memory,
    place,
    { users, maintenance, sessions: plan.sessionLimit ?? 100, perAddress: undefined },
    { unixSeconds: () => now, micros: () => 0, noticed: () => {} },
  )
  const { claims } = admission
  for (let open = plan.sessions ?? 0; open > 0; open--) claims.claim(1, claims.everybody, 100)
  return {
    settings: {
      searchHold: 0.5,
      clockSkewSeconds: 600,
      answer: plan.answer ?? 'auto',
      unknownName: plan.unknownName ?? 'front',
      fallback: 'always',
      clientFrame: 2 ** 20,
    },
    sites: siteChooser(
      domains.map((domain, number) => {
        const site = new KnownSite({ domain, endpoint }, number, facts)
        site.profile = plan.profile
        return site
      }),
    ),
    search: {
      users,
      learned: new LearnedAddresses(new SharedArrayBuffer(LearnedAddresses.bytes(16)), 'seed'),
      activity: new Activity(new SharedArrayBuffer(Activity.bytes(1 + others))),
    },
    prover: new HelloProver(),
    background: new BackgroundSearch({
      vain: new VainSearches(new SharedArrayBuffer(VainSearches.bytes), 'seed', () => plan.now),
      now: () => 0,
      after: (_, run) => rests.push(run),
    }),
    pending: new PendingHellos(1, plan.pending ?? { all: 100, perAddress: 100 }),
    admission,
    replays: replayMemory(),
    inits: replayMemory(),
    turns: new Turns(async () => {}),
    directory: new Directory({ data_centres: {}, prefer: 'ipv4', unknown_dc: 'refuse' }),
    counters: new Counters(counters, 0),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    dialFront: (_site, handler) => {
      const leg = new ScriptedLeg(handler)
      fronts.push(leg)
      return leg
    },
    imitateFront: ({ profile }, handler) =>
      new ImitatedFront(
        handler,
        { manners: profile?.manners, elapsed: 0, longestSilence: undefined },
        { wheel, random: randomBytes, soon: (run) => queueMicrotask(run) },
      ),
    dialTelegram: async ({ addresses }) => {
      await dialled
      const upstream = { name: 'direct', kind: 'direct' } as const
      return plan.dial ?? { ok: true, leg: dataCentre, endpoint: addresses[0]!, upstream, milliseconds: 1 }
    },
    goesByMiddle: () => false,
    dialMiddle: async () => ({ ok: false, failure: 'no_entry' }),
    startMiddleRelay: (_options, start) => started.push(start),
    startRelay: (_options, start) => started.push(start),
    isListed: plan.listed ?? (() => false),
    isOurOwn: () => own,
    leadsBack: () => false,
    watchForLoop: () => {},
    crowdOf: () => {},
    otherAnswer: plan.otherAnswer ?? (() => {}),
    random: randomBytes,
    now: () => looks++ * (plan.pace ?? 0),
    noticed: () => {},
    authentic: () => {},
    answered: (_user, firstData) => answers.push(firstData),
    refused: () => {},
  }
}

function replayMemory(): LoggedReplayMemory {
  const memory = new ReplayMemory(new SharedArrayBuffer(ReplayMemory.bytes(64)))
  return new LoggedReplayMemory(memory, { append: () => {} })
}

function countedIn(counters: SharedArrayBuffer, name: string, labels: readonly string[]): number {
  const totals = readTotals(counters).find(({ metric }) => metric.name === name)
  const wanted = labels.join()
  const series = totals?.series.find((one) => Object.values(one.labels).join() === wanted)
  if (!series) throw new Error(`no such counter: ${name} ${wanted}`)
  return series.numbers[0] ?? 0
}
