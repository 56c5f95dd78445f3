import { Activity } from '../access/activity.ts'
import type { Config } from '../config/schema.ts'
import type { ReloadReport } from '../control/answers.ts'
import { type CommandServer, serveCommands } from '../control/command-server.ts'
import { descriptorBudget } from '../net/descriptors.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { type FetchText, fetchText } from '../net/fetch-text.ts'
import { interfaceAddresses } from '../net/interfaces.ts'
import { Counters } from '../telemetry/counters.ts'
import type { Log, OpenLog } from '../telemetry/log.ts'
import { openExposition } from '../telemetry/prometheus.ts'
import { userBytes } from '../telemetry/user-bytes.ts'
import { Announcements } from './announcements.ts'
import { ClientBook } from './client-book.ts'
import { Errands } from './errands.ts'
import { accessSettings } from './gatekeeping.ts'
import { listMetrics } from './ip-lists/list-metrics.ts'
import { knownAddresses } from './known-addresses.ts'
import { ListKeeping } from './list-keeping.ts'
import { ListenerBook } from './listener-book.ts'
import { availableMemory, workerCount } from './machine.ts'
import type { ServeEvent, WorkerSettings, WorkerStart } from './messages.ts'
import { MetricsKeeping } from './metrics-keeping.ts'
import { MiddleBook } from './middle-book.ts'
import { OwnHellos } from './own-hellos.ts'
import { warnOfPlainListeners } from './plain-listeners.ts'
import { ProfileKeeping } from './profile-keeping.ts'
import { QuotaKeeping, ROLL_MILLISECONDS } from './quota-keeping.ts'
import { type Applied, listenersOf, memoryAndMost, reconfigure } from './reconfigure.ts'
import { RefusalBook } from './refusal-book.ts'
import { type ConfigSource, Reloading, type ReloadTrigger } from './reloading.ts'
import { runningCommands } from './running-commands.ts'
import { allocateSharedMemory, type SharedMemory, SUPERVISOR, userCapacity } from './shared-memory.ts'
import { SiteBook } from './site-book.ts'
import { SiteLearning } from './site-learning.ts'
import type { SiteNews } from './site-news.ts'
import { controlSocket } from './state-files.ts'
import { StateKeeping } from './state-keeping.ts'
import { UpstreamBook } from './upstream-book.ts'
import { UserBook } from './user-book.ts'
import { WorkerCrew } from './worker-crew.ts'

export type { ServeEvent } from './messages.ts'
export type { Applied } from './reconfigure.ts'
export { ServeError } from './serve-error.ts'
export type { SiteNews } from './site-news.ts'

/** A front that is silent must not delay the words "serving". */
const LEARNING_PATIENCE = 1500
const EXIT_OK = 0
const EXIT_BUG = 70

export interface Running {
  /** Where it listens, with the port that was given where 0 was asked for. */
  readonly addresses: readonly Endpoint[]
  /** The exit code, when everything has ended. */
  readonly stopped: Promise<number>
  /**
   * Another configuration comes into force in all workers at one moment; live sessions that it forbids end within a second.
   * One at a time.
   * @throws what says why it cannot, and nothing has changed
   */
  apply(config: Config): Promise<Applied>
  /** Reads the configuration again, where `serve` was told how. Never rejects. */
  reload(trigger: ReloadTrigger): Promise<ReloadReport>
  /** Drains; a second call leaves at once. */
  stop(): void
  /** The first listener hears what came before, too: a worker tells of its first connection only. */
  on(listener: (event: ServeEvent) => void): void
  /** @returns what was already to be said of the sites */
  onSites(listener: (news: SiteNews) => void): readonly SiteNews[]
}

export interface ServeDependencies {
  readonly log: Log & Partial<Pick<OpenLog, 'prepare'>>
  readonly version: string
  /** Where the configuration can be read again; absent: there is no other one. */
  readonly source?: ConfigSource | undefined
}

/**
 * Starts everything and resolves when every listener is bound.
 * @throws ServeError
 */
export async function serve(config: Config, dependencies: ServeDependencies): Promise<Running> {
  const supervisor = new Supervisor(config, dependencies)
  try {
    await supervisor.begin()
    return supervisor
  } catch (error) {
    await supervisor.abandon()
    throw error
  }
}

/** Starts and watches the threads. It relays nothing, so that nothing it does can delay a packet. */
class Supervisor implements Running {
  readonly stopped: Promise<number>
  readonly #dependencies: ServeDependencies
  readonly #log: Log
  readonly #shared: SharedMemory
  readonly #counters: Counters
  readonly #crew: WorkerCrew
  readonly #users: UserBook
  readonly #listenerBook: ListenerBook
  readonly #sites: SiteBook
  readonly #learning: SiteLearning
  readonly #profiles: ProfileKeeping
  readonly #state: StateKeeping
  readonly #lists: ListKeeping
  readonly #middle: MiddleBook
  readonly #upstreams: UpstreamBook
  readonly #errands: Errands
  readonly #quotas: QuotaKeeping
  readonly #metrics: MetricsKeeping
  readonly #reloading: Reloading
  readonly #refusals = new RefusalBook()
  readonly #clients = new ClientBook()
  readonly #events = new Announcements<ServeEvent>()
  readonly #siteNews = new Announcements<SiteNews>()
  readonly #resolveStopped: (code: number) => void
  readonly #since = new Date()
  #config: Config
  #generation = 0
  #rolling: NodeJS.Timeout | undefined
  #commands: CommandServer | undefined
  #stopping = false

  constructor(config: Config, dependencies: ServeDependencies) {
    const { log } = dependencies
    this.#config = config
    this.#dependencies = dependencies
    this.#log = log
    const stopped = Promise.withResolvers<number>()
    this.stopped = stopped.promise
    this.#resolveStopped = stopped.resolve
    const capacity = userCapacity(Object.keys(config.users).length)
    const workers = workerCount(config.process.workers)
    const addressesMax = Object.values(config.users).map(({ addresses }) => addresses?.max ?? 0)
    this.#shared = allocateSharedMemory({
      workers,
      addressesMax: [...addressesMax, ...Array<number>(capacity - addressesMax.length).fill(0)],
      replays: config.replay.capacity,
      memory: availableMemory(),
    })
    const shared = this.#shared
    this.#counters = new Counters(shared.counters, SUPERVISOR)
    const offsetSeconds = config.usage.utc_offset / 1000
    this.#quotas = new QuotaKeeping(shared.limits, { offsetSeconds, unixSeconds })
    this.#users = new UserBook(
      { capacity, limits: shared.limits, addressSeed: shared.addressSeed },
      { log, unixSeconds, placed: (users, places) => this.#quotas.apply(users, places) },
    )
    this.#listenerBook = new ListenerBook(log)
    this.#errands = new Errands(shared, {
      log,
      counters: this.#counters,
      upstreams: () => this.#upstreams.current,
    })
    this.#sites = new SiteBook({
      log,
      lookups: this.#errands,
      ownAddresses: ({ public_addresses: given }) => [
        ...interfaceAddresses().map(({ address }) => address),
        ...given,
      ],
    })
    this.#state = new StateKeeping(
      {
        config,
        shared,
        users: this.#users.names,
        listeners: this.#listenerBook.addresses,
        sites: this.#sites.domains,
      },
      {
        log,
        counters: this.#counters,
        unixSeconds,
        periodStart: (user, now) => this.#quotas.periodStart(user, now, this.#state.usage(user).firstSeen),
        restored: () => this.#takeUpEarlierRuns(),
      },
    )
    const list: FetchText = (url, options) => fetchText(url, options, this.#errands.way('lists'))
    this.#learning = new SiteLearning(
      { ownHellos: new OwnHellos(shared.ownHellos), loops: new Int32Array(shared.loops) },
      {
        log,
        open: this.#errands.way('front'),
        learned: (facts) => this.#crew.tell({ type: 'facts', facts }),
        say: (news) => this.#siteNews.say(news),
      },
    )
    this.#profiles = new ProfileKeeping(config.state.dir, {
      log,
      open: this.#errands.way('front'),
      facts: (place) => this.#learning.facts[place],
      changed: (profiles) => this.#crew.tell({ type: 'profiles', profiles }),
      otherwise: (place) => this.#learning.suspect(place),
    })
    this.#middle = new MiddleBook({
      log,
      fetchText: list,
      publicAddresses: (wanted) => this.#publicAddresses(wanted),
      changed: (knowledge) => this.#crew.tell({ type: 'middle', knowledge }),
    })
    this.#lists = new ListKeeping(
      { stateDir: config.state.dir, inForce: shared.listsInForce, workers },
      { log, fetchText: list, announce: (published) => this.#crew.tell({ type: 'lists', published }) },
    )
    this.#upstreams = new UpstreamBook(shared.rows)
    this.#metrics = new MetricsKeeping({
      exposition: this.#exposition(),
      ready: () => this.#isReady,
      troubles: () => this.#troubles,
      log,
    })
    this.#crew = new WorkerCrew(workers, shared, {
      log,
      counters: this.#counters,
      startData: (index) => this.#startData(index),
      heard: (message) => this.#heard(message),
      giveUp: () => this.#leave(EXIT_BUG),
    })
    this.#reloading = new Reloading(dependencies.source, {
      log,
      counters: this.#counters,
      apply: (next) => this.apply(next),
      isStopping: () => this.#stopping,
    })
  }

  get addresses(): readonly Endpoint[] {
    return this.#config.listener.map(({ address }) => address)
  }

  on(listener: (event: ServeEvent) => void): void {
    for (const event of this.#events.on(listener)) listener(event)
  }

  onSites(listener: (news: SiteNews) => void): readonly SiteNews[] {
    return this.#siteNews.on(listener)
  }

  async begin(): Promise<void> {
    const config = this.#config
    // First of all what may be refused: an address that somebody else has.
    const listeners = await this.#listenerBook.prepare(config)
    listeners.commit()
    this.#errands.prepare(config).commit()
    const sites = await this.#sites.prepare(config)
    sites.commit()
    this.#users.prepare(config).commit()
    this.#upstreams.prepare(config).commit()
    await this.#state.begin()
    for (const part of [this.#lists.prepare(config), this.#middle.prepare(config)]) (await part).commit()
    warnOfPlainListeners(config, undefined, this.#log)
    this.#rolling = setInterval(() => this.#quotas.roll(), ROLL_MILLISECONDS)
    const metrics = await this.#metrics.prepare(config.metrics)
    metrics.commit()
    await this.#crew.begin()
    await this.#openCommands()
    this.#reloading.begin(config)
    this.#log.info('serving', {
      addresses: this.addresses.map(formatEndpoint),
      workers: this.#crew.size,
      version: this.#dependencies.version,
    })
    await this.#learn(this.#sites.current)
  }

  /** Undoes a start that failed. */
  async abandon(): Promise<void> {
    this.#stopping = true
    this.#stopKeeping()
    await this.#crew.terminate()
    await this.#close()
  }

  apply(next: Config): Promise<Applied> {
    return reconfigure(this.#config, next, {
      parts: {
        users: this.#users,
        listeners: this.#listenerBook,
        sites: this.#sites,
        lists: this.#lists,
        middle: this.#middle,
        upstreams: this.#upstreams,
        errands: this.#errands,
        metrics: this.#metrics,
        log: this.#dependencies.log,
        crew: this.#crew,
      },
      learn: (sites) => this.#learn(sites),
      settings: (config) => this.#settings(config, this.#generation + 1),
      committed: (config) => this.#committed(config),
    })
  }

  reload(trigger: ReloadTrigger): Promise<ReloadReport> {
    return this.#reloading.reload(trigger)
  }

  stop(): void {
    if (this.#stopping) {
      this.#leave(EXIT_OK)
      return
    }
    this.#stopping = true
    void this.#drain()
  }

  async #drain(): Promise<void> {
    const milliseconds = this.#config.process.drain
    this.#log.info('stopping', { drain: milliseconds })
    this.#stopKeeping()
    await this.#crew.drain(milliseconds)
    await this.#close()
    this.#log.info('stopped')
    this.#resolveStopped(EXIT_OK)
  }

  #stopKeeping(): void {
    this.#reloading.stop()
    this.#learning.stop()
    this.#profiles.stop()
    this.#lists.stop()
    this.#middle.stop()
    this.#errands.stop()
  }

  async #close(): Promise<void> {
    clearInterval(this.#rolling)
    await Promise.all([
      this.#commands?.close(),
      this.#metrics.close(),
      this.#sites.close(),
      this.#state.end(),
    ])
  }

  #leave(code: number): void {
    this.#log.error('leaving at once', { code })
    process.exit(code)
  }

  #committed(config: Config): void {
    warnOfPlainListeners(config, this.#config, this.#log)
    this.#config = config
    this.#generation++
    this.#state.apply(config)
  }

  /** A silent front is waited for only so long. */
  async #learn(sites: Parameters<SiteLearning['follow']>[0]): Promise<void> {
    // What was recorded at an earlier start answers for a front that is not there now.
    const { answer, unknown_sni: unknownSni } = this.#config.front
    await this.#profiles.follow(answer === 'mirror' && unknownSni !== 'reject' ? [] : sites)
    let patience: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, LEARNING_PATIENCE)
    })
    await Promise.race([this.#learning.follow(sites), late])
    clearTimeout(patience)
  }

  /** Without it everything is served all the same; only commands cannot ask. */
  async #openCommands(): Promise<void> {
    const commands = runningCommands({
      reload: () => this.reload('command'),
      leaving: (users, milliseconds) =>
        this.#users.announce(users, unixSeconds() + Math.ceil(milliseconds / 1000)),
      status: () => ({
        pid: process.pid,
        version: this.#dependencies.version,
        since: this.#since.toISOString(),
        file: this.#config.file,
        listeners: this.addresses.map(formatEndpoint),
        workers: this.#crew.size,
        users: Object.keys(this.#config.users).length,
        sessions: sum(new Int32Array(this.#shared.sessions)),
        troubles: [...this.#troubles, ...this.#learning.troubles],
        reloads: this.#reloading.history,
      }),
      places: () => this.#users.current.places,
      refusals: (user) => this.#refusals.of(user),
      limits: this.#shared.limits,
    })
    const path = controlSocket(this.#config.state.dir)
    try {
      this.#commands = await serveCommands(path, { commands, log: this.#log })
    } catch (error) {
      this.#log.warn('commands cannot reach this portico: its control socket cannot be opened', {
        path,
        error,
      })
    }
  }

  #publicAddresses(config: Config): Promise<string[]> {
    return knownAddresses(config, {
      interfaceAddresses,
      addresses: (name) => this.#errands.addresses(name),
    })
  }

  #exposition() {
    const { counters } = this.#shared
    const build = { version: this.#dependencies.version, node: process.versions.node }
    return openExposition(counters, build, () => {
      const { per_user: perUser } = this.#config.metrics
      return [
        ...(perUser ? [userBytes(this.#users.names, (user) => this.#state.usage(user))] : []),
        ...this.#clients.metrics(perUser ? this.#users.names : undefined),
        ...listMetrics(this.#lists.lists, this.#lists.hits),
        ...this.#upstreams.metrics,
      ]
    })
  }

  get #troubles(): string[] {
    return [this.#state.trouble, this.#lists.trouble].filter((trouble) => trouble !== undefined)
  }

  get #isReady(): boolean {
    return !this.#stopping && this.#crew.isReady
  }

  #takeUpEarlierRuns(): void {
    this.#quotas.restore((user) => {
      const { up, down } = this.#state.periodUsage(user)
      return { firstSeen: this.#state.usage(user).firstSeen, used: up + down }
    })
    const activity = new Activity(this.#shared.activity)
    for (const user of this.#users.names.keys()) activity.restore(user, this.#state.usage(user).lastSeen)
  }

  #startData(index: number): WorkerStart {
    const { users, ...more } = this.#users.current
    return {
      ...this.#settings(this.#config, this.#generation),
      access: accessSettings({ ...this.#config, users }, more, memoryAndMost()),
      index,
      listeners: listenersOf(index, this.#listenerBook.current),
      shared: this.#shared,
      descriptorBudget: descriptorBudget(),
    }
  }

  /** With all parts as they are now; `config` may be one that is about to come. */
  #settings(config: Config, generation: number): Omit<WorkerSettings, 'access'> {
    return {
      generation,
      config: { ...config, users: {}, plans: {} },
      sites: this.#sites.current,
      facts: this.#learning.facts,
      profiles: [...this.#profiles.profiles],
      listeners: this.#listenerBook.current,
      lists: this.#lists.published,
      listHits: this.#lists.hitsMemory,
      upstreams: this.#upstreams.current,
      middle: this.#middle.knowledge,
      logLevel: config.log.level,
    }
  }

  #heard(message: Parameters<ConstructorParameters<typeof WorkerCrew>[2]['heard']>[0]): void {
    switch (message.type) {
      case 'refused':
        return this.#refusals.add(message)
      case 'clients':
        return this.#clients.add(message.counts)
      case 'loop_suspected':
      case 'other_answer':
        return this.#learning.suspect(message.site)
      default:
        this.#events.say(message)
    }
  }
}

function sum(words: Int32Array): number {
  return words.reduce((total, _, at) => total + Atomics.load(words, at), 0)
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
