import { Activity } from '../access/activity.ts'
import { BackgroundSearch } from '../access/background-search.ts'
import { LearnedAddresses } from '../access/learned-addresses.ts'
import { ReplaySet } from '../access/replay-set.ts'
import { Users } from '../access/users.ts'
import { siteChooser } from '../front/sites.ts'
import type { LegHandler } from '../net/leg.ts'
import { type Accepted, type Listening, listen } from '../net/listener.ts'
import type { House } from '../session/house.ts'
import { KnownSite } from '../session/known-site.ts'
import { OpenSessions } from '../session/open-sessions.ts'
import { walk } from '../session/session.ts'
import { Tee } from '../session/tee.ts'
import { Directory } from '../telegram/directory.ts'
import { Counters } from '../telemetry/counters.ts'
import { maskAddress } from '../telemetry/mask-address.ts'
import { Dialling } from './dialling.ts'
import type { BoundListener, WorkerStart } from './messages.ts'
import { Noticed } from './noticed.ts'
import { ownSite } from './own-random.ts'
import { pooledRandom } from './random-pool.ts'
import { type ThreadResources, type ThreadResourcesOptions, threadResources } from './thread-resources.ts'

/** Everything that one worker does with connections: its listeners, its walks, its sessions. */
export class DataPlane {
  readonly #start: WorkerStart
  readonly #thread: ThreadResources
  readonly #counters: Counters
  readonly #noticed: Noticed
  readonly #dialling: Dialling
  readonly #sessions: OpenSessions
  readonly #liveSessions: Int32Array
  readonly #loops: Int32Array
  #listening: Listening[] = []
  #house: House

  constructor(start: WorkerStart, options: ThreadResourcesOptions) {
    const { shared, index, config } = start
    this.#start = start
    this.#thread = threadResources(start, options)
    this.#counters = new Counters(shared.counters, index)
    this.#noticed = new Noticed(options.post, this.#thread.wheel)
    this.#dialling = new Dialling(config.telegram.dial_timeout, this.#thread, this.#counters)
    this.#liveSessions = new Int32Array(shared.sessions)
    this.#loops = new Int32Array(shared.loops)
    this.#sessions = new OpenSessions(config.limits.idle, {
      wheel: this.#thread.wheel,
      outgoing: this.#thread.outgoing,
      counters: this.#counters,
      log: options.log,
      count: { add: (n) => Atomics.add(this.#liveSessions, index, n) },
    })
    this.#house = this.#furnish(start.facts)
    this.#thread.wheel.everyTick(() => this.#publish())
  }

  /** The worker's clock moves by this much: deadlines fall due, counters are folded. */
  advance(milliseconds: number): void {
    this.#thread.wheel.advance(milliseconds)
    Atomics.add(new Int32Array(this.#start.shared.heartbeats), this.#start.index, 1)
  }

  /** Descriptors of connections that are still open. */
  get connections(): number {
    return this.#thread.descriptors.own
  }

  get counters(): Counters {
    return this.#counters
  }

  /** New connections meet the sites as they are now known. */
  learned(facts: WorkerStart['facts']): void {
    this.#house = this.#furnish(facts)
  }

  /** @throws the system's error for the first listener that cannot be opened */
  async open(listeners: readonly BoundListener[]): Promise<void> {
    const dependencies = { ...this.#thread, accept: (accepted: Accepted) => this.#accept(accepted) }
    for (const listener of listeners) this.#listening.push(await listen(listener, dependencies))
  }

  stopAccepting(): void {
    for (const listening of this.#listening) listening.close()
    this.#listening = []
  }

  cutAll(): void {
    this.#sessions.cutAll()
  }

  #accept(accepted: Accepted): LegHandler {
    const house = this.#house
    const { site } = house.sites(undefined)
    const tee = new Tee(accepted.leg, this.#thread, () => {})
    if (this.#thread.descriptors.exhausted || this.#leadsBack(site)) {
      accepted.leg.reset()
      return tee
    }
    this.#noticed.connection()
    const { address, family } = accepted
    const shownAddress = maskAddress(address, this.#start.config.log.addresses)
    const visitor = { address, shownAddress, family, acceptedAt: house.now() }
    this.#thread.descriptors.whenFree(() => {
      if (!tee.abandoned) tee.showTo((handler) => house.dialFront(site, handler))
    })
    walk(tee, visitor, house).catch((error: unknown) => {
      // A fault of ours must cost one connection, and be seen.
      house.log.error('walk failed', { error })
      tee.splice()
    })
    return tee
  }

  #leadsBack(site: KnownSite): boolean {
    return Atomics.load(this.#loops, this.#start.sites.indexOf(site.site)) !== 0
  }

  #isOurOwn(random: Uint8Array): boolean {
    const site = ownSite(random, this.#start.shared.ownRandom)
    if (site === undefined || site >= this.#loops.length) return false
    if (Atomics.exchange(this.#loops, site, 1) === 0) this.#noticed.loop(site)
    return true
  }

  #furnish(facts: WorkerStart['facts']): House {
    const { config, shared, sessionLimit, sites } = this.#start
    const { now, log } = this.#thread
    const clockSkewSeconds = Math.ceil(config.front.clock_skew / 1000)
    return {
      settings: { searchHold: config.limits.search_hold, clockSkewSeconds, sessionLimit },
      sites: siteChooser(sites.map((site, index) => new KnownSite(site, facts[index]))),
      search: {
        users: new Users(Object.entries(config.users).map(([name, user]) => ({ name, ...user }))),
        learned: new LearnedAddresses(shared.learned, shared.addressSeed),
        activity: new Activity(shared.activity),
      },
      background: new BackgroundSearch({ now, after: (milliseconds, run) => setTimeout(run, milliseconds) }),
      replays: new ReplaySet(shared.replays, clockSkewSeconds),
      directory: new Directory(config.telegram),
      counters: this.#counters,
      log,
      dialFront: (site, handler) => this.#dialling.front(site.site.endpoint, handler),
      dialTelegram: (road) => this.#dialling.telegram(road),
      startRelay: (options, start) => {
        this.#sessions.start(options, start)
        this.#noticed.session(start)
      },
      openSessions: () => this.#liveSessions.reduce((sum, count) => sum + count, 0),
      isOurOwn: (random) => this.#isOurOwn(random),
      leadsBack: (site) => this.#leadsBack(site),
      random: pooledRandom(),
      now,
      unixSeconds: () => Math.floor(Date.now() / 1000),
      nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
      noticed: (event) => this.#noticed.event(event),
    }
  }

  #publish(): void {
    const { outgoing, descriptors } = this.#thread
    this.#counters.heldBytes.set(outgoing.held)
    this.#counters.descriptors.set(descriptors.own)
  }
}
