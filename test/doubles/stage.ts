import { randomBytes } from 'node:crypto'
import { Activity } from '../../src/access/activity.ts'
import { BackgroundSearch } from '../../src/access/background-search.ts'
import { LearnedAddresses } from '../../src/access/learned-addresses.ts'
import { ReplaySet } from '../../src/access/replay-set.ts'
import { Users } from '../../src/access/users.ts'
import { siteChooser } from '../../src/front/sites.ts'
import { Wheel } from '../../src/net/wheel.ts'
import type { House, SessionStart } from '../../src/session/house.ts'
import { KnownSite } from '../../src/session/known-site.ts'
import { walk } from '../../src/session/session.ts'
import { Tee } from '../../src/session/tee.ts'
import type { DialResult } from '../../src/telegram/dial-data-centre.ts'
import { Directory } from '../../src/telegram/directory.ts'
import { allocateCounters, Counters, readTotals } from '../../src/telemetry/counters.ts'
import { ScriptedLeg } from './scripted-leg.ts'

export interface Plan {
  readonly secret: Buffer
  /** Unix seconds. */
  readonly now: number
  readonly enabled?: boolean
  /** Sessions open already. */
  readonly sessions?: number
  readonly sessionLimit?: number
  /** Encrypted records that the front is known to send. */
  readonly records?: number | undefined
  readonly otherSite?: string
  readonly dial?: Extract<DialResult, { ok: false }>
  /** The dial waits for `finishDial`. */
  readonly dialLater?: boolean
  /** Every hello counts as one of our start-up checks. */
  readonly ownHello?: boolean
}

/** A whole walk without a socket, a clock or a thread: the legs are scripted, the shared memory is real. */
export function stage(plan: Plan) {
  const wheel = new Wheel()
  const counters = allocateCounters(1)
  const fronts: ScriptedLeg[] = []
  const started: SessionStart[] = []
  const dataCentre = new ScriptedLeg()
  const dialled = Promise.withResolvers<void>()
  if (!plan.dialLater) dialled.resolve()
  const house = furnish(plan, counters, fronts, started, dataCentre, dialled.promise)

  const visit = () => {
    const client = new ScriptedLeg()
    const tee = new Tee(client, { wheel, now: () => wheel.now }, () => {})
    client.handler = tee
    const from = fronts.length
    tee.showTo((handler) => house.dialFront(house.sites(undefined).site, handler))
    const visitor = {
      address: '198.51.100.4',
      shownAddress: '198.51.100.0/24',
      family: 'ipv4' as const,
      acceptedAt: 0,
    }
    void walk(tee, visitor, house)
    return { client, front: fronts[from]! }
  }
  return {
    ...visit(),
    visit,
    fronts,
    started,
    dataCentre,
    wheel,
    finishDial: () => dialled.resolve(),
    /** A counter by its name without prefix, and the values of its labels. */
    counted: (name: string, ...labels: string[]) => countedIn(counters, name, labels),
  }
}

function furnish(
  plan: Plan,
  counters: SharedArrayBuffer,
  fronts: ScriptedLeg[],
  started: SessionStart[],
  dataCentre: ScriptedLeg,
  dialled: Promise<void>,
): House {
  const { now, secret, enabled = true } = plan
  const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 8443 } as const
  const count = 'records' in plan ? plan.records : 1
  const facts = { records: count === undefined ? {} : { tdlib: count } }
  const domains = ['www.example.org', ...(plan.otherSite ? [plan.otherSite] : [])]
  const own = plan.ownHello === true
  return {
    settings: { searchHold: 0.5, clockSkewSeconds: 600, sessionLimit: plan.sessionLimit ?? 100 },
    sites: siteChooser(domains.map((domain) => new KnownSite({ domain, endpoint }, facts))),
    search: {
      users: new Users([{ name: 'alice', secret: secret.toString('hex'), enabled }]),
      learned: new LearnedAddresses(new SharedArrayBuffer(LearnedAddresses.bytes(16)), 'seed'),
      activity: new Activity(new SharedArrayBuffer(Activity.bytes(1))),
    },
    background: new BackgroundSearch({ now: () => 0, after: () => {} }),
    replays: new ReplaySet(new SharedArrayBuffer(ReplaySet.bytes(600, 64)), 600),
    directory: new Directory({ data_centres: {}, prefer: 'ipv4', unknown_dc: 'refuse' }),
    counters: new Counters(counters, 0),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    dialFront: (_site, handler) => {
      const leg = new ScriptedLeg(handler)
      fronts.push(leg)
      return leg
    },
    dialTelegram: async ({ addresses }) => {
      await dialled
      return plan.dial ?? { ok: true, leg: dataCentre, endpoint: addresses[0]!, milliseconds: 1 }
    },
    startRelay: (_options, start) => started.push(start),
    openSessions: () => plan.sessions ?? 0,
    isOurOwn: () => own,
    leadsBack: () => false,
    random: randomBytes,
    now: () => 0,
    unixSeconds: () => now,
    nextTurn: async () => {},
    noticed: () => {},
  }
}

function countedIn(counters: SharedArrayBuffer, name: string, labels: readonly string[]): number {
  const totals = readTotals(counters).find(({ metric }) => metric.name === name)
  const wanted = labels.join()
  const series = totals?.series.find((one) => Object.values(one.labels).join() === wanted)
  if (!series) throw new Error(`no such counter: ${name} ${wanted}`)
  return series.numbers[0] ?? 0
}
