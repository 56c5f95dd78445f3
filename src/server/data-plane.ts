import { isDeepStrictEqual } from 'node:util'
import { Activity } from '../access/activity.ts'
import { BackgroundSearch } from '../access/background-search.ts'
import { HelloProver } from '../access/hello-prover.ts'
import { LearnedAddresses } from '../access/learned-addresses.ts'
import type { LoggedReplayMemory } from '../access/replay-log.ts'
import { UsageRows } from '../access/usage-rows.ts'
import { VainSearches } from '../access/vain-searches.ts'
import { FrontClocks } from '../front/front-clocks.ts'
import { ImitatedFront } from '../front/imitated-front.ts'
import { withoutFront as partsWithout } from '../front/manners.ts'
import { SeenHellos } from '../front/seen-hellos.ts'
import { shapingOf } from '../front/shaping.ts'
import { siteChooser } from '../front/sites.ts'
import type { LegHandler } from '../net/leg.ts'
import type { Shaping } from '../net/shaped-splice.ts'
import { ja4 } from '../protocol/tls/ja4.ts'
import type { House, Visitor } from '../session/house.ts'
import type { KnownSite } from '../session/known-site.ts'
import { OpenSessions } from '../session/open-sessions.ts'
import { walk } from '../session/session.ts'
import { Tee } from '../session/tee.ts'
import { Turns } from '../session/turns.ts'
import { Directory } from '../telegram/directory.ts'
import type { MiddleKnowledge } from '../telegram/middle/middle-directory.ts'
import { Counters } from '../telemetry/counters.ts'
import { maskAddress } from '../telemetry/mask-address.ts'
import { ClientTally } from './client-tally.ts'
import { Dialling } from './dialling.ts'
import { Gatekeeping, sharedMicros } from './gatekeeping.ts'
import type { PublishedLists } from './ip-lists/ip-list-keeper.ts'
import { ListHits } from './ip-lists/list-hits.ts'
import { ListedAddresses } from './ip-lists/listed-addresses.ts'
import type { BoundListener, WorkerSettings, WorkerStart } from './messages.ts'
import { MiddleRoad } from './middle-road.ts'
import { Noticed } from './noticed.ts'
import { OpenListeners } from './open-listeners.ts'
import { OwnHellos } from './own-hellos.ts'
import { type Caller, routeOf } from './proxied.ts'
import { pooledRandom } from './random-pool.ts'
import { openReplayMemory } from './replay-memory.ts'
import { MAX_SITES } from './site-book.ts'
import { SiteShelf } from './site-shelf.ts'
import { initFolder, replayFolder } from './state-files.ts'
import { type ThreadResources, type ThreadResourcesOptions, threadResources } from './thread-resources.ts'

/** What clients of middle proxies may leave untaken in one worker before those with the most are ended, bytes. */
const MOST_WAITING_TOGETHER = 128 * 1024 * 1024

interface Prepared {
  readonly settings: WorkerSettings
  readonly access: () => void
  readonly closeNew: () => void
  /** Absent: the roads are as they were. */
  readonly dialling: Dialling | undefined
}

/** Everything that one worker does with connections: its listeners, its walks, its sessions. */
export class DataPlane {
  readonly #start: WorkerStart
  readonly #thread: ThreadResources
  readonly #counters: Counters
  readonly #noticed: Noticed
  readonly #clients: ClientTally
  #dialling: Dialling
  readonly #sessions: OpenSessions
  readonly #middle: MiddleRoad
  readonly #waiting = { held: 0, most: MOST_WAITING_TOGETHER }
  readonly #replays: LoggedReplayMemory
  readonly #inits: LoggedReplayMemory
  readonly #turns = new Turns(nextTurn)
  readonly #prover = new HelloProver()
  readonly #background: BackgroundSearch
  readonly #gatekeeping: Gatekeeping
  readonly #liveSessions: Int32Array
  readonly #loops: Int32Array
  readonly #ownHellos: OwnHellos
  readonly #seenHellos: SeenHellos
  readonly #frontClocks: FrontClocks
  readonly #listed: ListedAddresses
  readonly #listeners: OpenListeners
  readonly #sites = new SiteShelf()
  #settings: WorkerSettings
  #prepared: Prepared | undefined
  #house: House
  #shaping: Shaping | undefined

  constructor(start: WorkerStart, options: ThreadResourcesOptions) {
    const { shared, index, config } = start
    this.#start = start
    this.#settings = start
    this.#thread = threadResources(start, options)
    this.#counters = new Counters(shared.counters, index)
    this.#noticed = new Noticed(options.post, this.#thread.wheel)
    this.#clients = new ClientTally(this.#thread.wheel, (counts) => options.post({ type: 'clients', counts }))
    this.#dialling = new Dialling(start, this.#thread, this.#counters)
    this.#liveSessions = new Int32Array(shared.sessions)
    this.#loops = new Int32Array(shared.loops)
    this.#ownHellos = new OwnHellos(shared.ownHellos)
    this.#seenHellos = new SeenHellos(shared.seenHellos)
    const micros = sharedMicros(options.now)
    this.#frontClocks = new FrontClocks(
      shared.frontClocks,
      { sites: MAX_SITES, row: index },
      () => micros() / 1000,
    )
    const { dir } = config.state
    const keeping = { counters: this.#counters, log: options.log }
    this.#replays = openReplayMemory(
      { shared: shared.replays, folder: replayFolder(dir), what: 'hellos' },
      keeping,
    )
    this.#inits = openReplayMemory({ shared: shared.inits, folder: initFolder(dir), what: 'inits' }, keeping)
    this.#sessions = new OpenSessions(sessionLimits(config.limits), {
      wheel: this.#thread.wheel,
      outgoing: this.#thread.outgoing,
      counters: this.#counters,
      log: options.log,
      usage: new UsageRows(shared.usage, shared.rows).row(index),
      unixMilliseconds: Date.now,
      count: { add: (n) => Atomics.add(this.#liveSessions, index, n) },
      random: pooledRandom(),
      waiting: this.#waiting,
      dropped: () => this.#counters.middleMessagesDropped.add(1),
    })
    this.#middle = new MiddleRoad(config, start.middle, {
      thread: this.#thread,
      dialling: { middle: (dc, addresses, names) => this.#dialling.middle(dc, addresses, names) },
      counters: this.#counters,
      log: options.log,
      unixSeconds,
    })
    this.#gatekeeping = new Gatekeeping(shared, index, start.access, {
      ...options,
      counters: this.#counters,
      unixSeconds,
    })
    this.#listed = new ListedAddresses(
      { published: start.lists, inForce: shared.listsInForce },
      { hit: (list) => new ListHits(this.#settings.listHits).add(index, list) },
    )
    this.#listeners = new OpenListeners({
      thread: this.#thread,
      counters: this.#counters,
      accept: (caller, listener) => this.#accept(caller, listener),
    })
    this.#background = new BackgroundSearch({
      vain: new VainSearches(shared.vainSearches, shared.addressSeed, unixSeconds),
      now: this.#thread.now,
      after,
    })
    this.#house = this.#furnish()
    this.#thread.wheel.everyTick(this.#gatekeeping.admission.tick)
    this.#thread.wheel.everyTick(() => this.#cutListed())
    this.#thread.wheel.everyTick(() => this.#publish())
    this.#thread.wheel.everyTick(() => this.#endLoop())
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
  learned(facts: WorkerSettings['facts']): void {
    this.#settings = { ...this.#settings, facts }
    this.#house = this.#furnish()
  }

  /** The sites can be answered for with these flights. */
  recorded(profiles: WorkerSettings['profiles']): void {
    this.#settings = { ...this.#settings, profiles }
    this.#house = this.#furnish()
  }

  /** Middle proxies are these from now on; sessions by others stay where they are. */
  learnedMiddle(knowledge: MiddleKnowledge): void {
    this.#middle.apply(knowledge)
  }

  /** Live sessions of addresses that become refused end when these are in force. */
  offerLists(published: PublishedLists): void {
    this.#listed.offer(published)
  }

  /** @throws ListenError for the first listener that cannot be opened */
  async open(): Promise<void> {
    await this.#listeners.open(this.#settings.listeners)
  }

  /**
   * Makes ready for other settings: what can fail or takes time is done now, listeners that are new are open.
   * @throws ListenError, and everything is as before
   */
  async prepare(settings: WorkerSettings): Promise<void> {
    this.discard()
    const closeNew = await this.#listeners.open(settings.listeners)
    const access = this.#gatekeeping.prepare(settings.access)
    const { config } = this.#settings
    const sameRoads = isDeepStrictEqual(roadsOf(config), roadsOf(settings.config))
    const dialling = sameRoads
      ? undefined
      : new Dialling({ ...this.#start, ...settings }, this.#thread, this.#counters)
    this.#prepared = { settings, access, closeNew, dialling }
  }

  /** What was prepared is in force for whoever comes from now on; live sessions that it forbids end within a second. */
  commit(generation: number): WorkerSettings | undefined {
    if (this.#prepared?.settings.generation !== generation) return undefined
    const { settings, access, dialling } = this.#prepared
    this.#prepared = undefined
    this.#settings = settings
    access()
    if (dialling) {
      this.#dialling.close()
      this.#dialling = dialling
    }
    this.#middle.apply(settings.middle, settings.config)
    this.#listed.offer(settings.lists)
    this.#sessions.apply(sessionLimits(settings.config.limits))
    this.#listeners.apply(settings.listeners)
    this.#house = this.#furnish()
    return settings
  }

  /** What was prepared never comes into force. */
  discard(): void {
    this.#prepared?.closeNew()
    this.#prepared?.dialling?.close()
    this.#prepared = undefined
  }

  stopAccepting(): void {
    this.discard()
    this.#dialling.close()
    this.#listeners.closeAll()
  }

  cutAll(): void {
    this.#sessions.cutAll()
  }

  #accept(caller: Caller, { number: listener, modes }: BoundListener): LegHandler {
    const house = this.#house
    const { site } = house.sites(undefined)
    const awaitsInit = modes.some((mode) => mode !== 'tls')
    const withoutFront = this.#outlivesFront ? partsWithout(site.profile?.manners) : undefined
    const { wheel, now } = this.#thread
    const shaping = this.#shaping
    const tee = new Tee(
      caller.leg,
      { wheel, now, awaitsInit, withoutFront, shaping, soon: setImmediate },
      () => {},
    )
    const { exhausted } = this.#thread.descriptors
    if (exhausted || this.#leadsBack(site) || this.#mustClose(caller)) {
      if (exhausted) this.#counters.refused.add(1, 'descriptors')
      caller.leg.reset()
      return tee
    }
    this.#noticed.connection()
    if (site.keepAlive !== undefined) caller.leg.keepAlive(site.keepAlive)
    const { address, port, family } = caller
    const shownAddress = maskAddress(address, this.#settings.config.log.addresses)
    const route = this.#sites.wantRoutes ? routeOf(caller) : undefined
    const visitor = { address, port, modes, shownAddress, family, listener, route, acceptedAt: house.now() }
    tee.awaitFront(this.#thread.descriptors.whenFree(() => this.#show(tee, site, visitor, house)))
    walk(tee, visitor, house).catch((error: unknown) => {
      // A fault of ours must cost one connection, and be seen.
      house.log.error('walk failed', { error })
      tee.splice()
    })
    return tee
  }

  #show(tee: Tee, site: KnownSite, visitor: Visitor, house: House): void {
    if (this.#leadsBack(site)) return tee.refuse()
    try {
      tee.showTo((handler) => house.dialFront(site, handler, visitor))
    } catch (error) {
      // The same: thrown in the listener's own event it would end the worker.
      house.log.error('the front cannot be dialled', { error })
      tee.refuse()
    }
  }

  /** A hello may be another site's, or answered by what was recorded. */
  get #outlivesFront(): boolean {
    const { sites, profiles, config } = this.#settings
    return (
      sites.length > 1 || (config.front.answer !== 'mirror' && profiles.some((each) => each !== undefined))
    )
  }

  #mustClose({ address }: Caller): boolean {
    return this.#settings.config.lists.then === 'close' && this.#listed.refuse(address)
  }

  #cutListed(): void {
    const isRefused = this.#listed.newlyRefused()
    if (isRefused) this.#sessions.cutFrom(isRefused)
  }

  #leadsBack(site: KnownSite): boolean {
    return Atomics.load(this.#loops, site.number) !== 0
  }

  /** Whoever waits for a leg to a front that leads back must not wait for others to end, which wait for it. */
  #endLoop(): void {
    if (this.#leadsBack(this.#house.sites(undefined).site)) this.#thread.descriptors.serveAll()
  }

  #furnish(): House {
    const { shared } = this.#start
    const { config, sites, facts, profiles } = this.#settings
    const { users, admission, pending } = this.#gatekeeping
    const { now, log } = this.#thread
    const clockSkewSeconds = Math.ceil(config.front.clock_skew / 1000)
    const random = pooledRandom()
    this.#shaping = shapingOf(config.front.shaping, { random, after })
    return {
      settings: {
        searchHold: config.limits.search_hold,
        clockSkewSeconds,
        answer: config.front.answer,
        unknownName: config.front.unknown_sni,
        fallback: config.telegram.fallback,
        clientFrame: config.limits.client_frame,
      },
      sites: siteChooser(this.#sites.put(sites, facts, profiles)),
      search: {
        users,
        learned: new LearnedAddresses(shared.learned, shared.addressSeed),
        activity: new Activity(shared.activity),
      },
      prover: this.#prover,
      background: this.#background,
      pending,
      admission,
      replays: this.#replays,
      inits: this.#inits,
      turns: this.#turns,
      directory: new Directory(config.telegram),
      counters: this.#counters,
      log,
      dialFront: (site, handler, { route }) => this.#dialling.front(site.site, handler, route),
      imitateFront: ({ number, profile }, handler, { acceptedAt }) => {
        const manners = profile?.manners
        const elapsed = now() - acceptedAt
        const stay = manners?.clock && this.#frontClocks.enter(number, manners.clock, elapsed)
        return new ImitatedFront(
          handler,
          { manners, elapsed, longestSilence: longestSilence(config.limits), stay },
          { wheel: this.#thread.wheel, random, soon: setImmediate },
        )
      },
      dialTelegram: (road, user, meter) =>
        this.#dialling.telegram(road, user.upstreams, meter && (() => meter.window('down'))),
      goesByMiddle: (user) => this.#middle.goesByMiddle(user),
      dialMiddle: (dc, user, options) => this.#middle.link(dc, user, options),
      startMiddleRelay: (options, start) => {
        this.#sessions.startMiddle(options, start)
        this.#noticed.session(start)
      },
      startRelay: (options, start) => {
        this.#sessions.start(options, start)
        this.#noticed.session(start)
      },
      isListed: ({ address }) => this.#listed.refuse(address),
      isOurOwn: (clientRandom) => this.#ownHellos.meet(clientRandom),
      leadsBack: (site) => this.#leadsBack(site),
      watchForLoop: (clientRandom, site) => {
        if (this.#seenHellos.isSecond(clientRandom, unixSeconds())) this.#noticed.suspicion(site.number)
      },
      otherAnswer: (site) => this.#noticed.otherAnswer(site.number),
      crowdOf: (site) => this.#noticed.suspicion(site.number),
      random,
      now,
      unixSeconds,
      authentic: (hello) => this.#clients.hello(ja4(hello)),
      answered: (user, firstData) => this.#clients.answered(user.index, firstData === 'ok'),
      refused: (user, code, { shownAddress }) => this.#noticed.refusal(user, code, shownAddress),
      noticed: (event) => {
        if (event === 'ad_tag_not_shown') this.#middle.adTagNotShown()
        else this.#noticed.event(event)
      },
    }
  }

  #publish(): void {
    const { outgoing, descriptors, ports } = this.#thread
    this.#counters.heldBytes.set(outgoing.held)
    this.#counters.middleWaitingBytes.set(this.#waiting.held)
    this.#counters.descriptors.set(descriptors.own)
    this.#counters.localPorts.set(ports.most)
  }
}

/** What connections to Telegram are made of. */
function roadsOf({ telegram, upstream, dns }: WorkerSettings['config']) {
  const { dial_timeout: timeout, warm, probe } = telegram
  return { timeout, warm, probe, upstream, dns }
}

function sessionLimits({ idle, silence }: WorkerStart['config']['limits']) {
  return { idle, silence: silence === 'off' ? Number.POSITIVE_INFINITY : silence }
}

function longestSilence({ first_data: longest }: WorkerStart['config']['limits']): number | undefined {
  return longest === 'auto' ? undefined : longest
}

function after(milliseconds: number, run: () => void): void {
  setTimeout(run, milliseconds)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
