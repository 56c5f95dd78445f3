import { forgetWorker } from '../access/limits-memory.ts'
import { placeUsers, type UserPlaces } from '../access/users.ts'
import type { Config } from '../config/schema.ts'
import { type MetricsServer, serveMetrics } from '../control/metrics-server.ts'
import { descriptorBudget } from '../net/descriptors.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { Counters, resetGauges } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { openExposition } from '../telemetry/prometheus.ts'
import { userBytes } from '../telemetry/user-bytes.ts'
import { type FrontSites, openFrontSites } from './front-sites.ts'
import { accessSettings } from './gatekeeping.ts'
import { allowsPlain, restoreInitMemory } from './init-keeping.ts'
import { IpListKeeper } from './ip-lists/ip-list-keeper.ts'
import { ListHits } from './ip-lists/list-hits.ts'
import { listMetrics } from './ip-lists/list-metrics.ts'
import { planListeners, refused } from './listeners.ts'
import { availableMemory, workerCount } from './machine.ts'
import type { BoundListener, FromWorker, ServeEvent, WorkerStart } from './messages.ts'
import { MiddleKeeping } from './middle-keeping.ts'
import { QuotaKeeping, ROLL_MILLISECONDS } from './quota-keeping.ts'
import { ServeError } from './serve-error.ts'
import { allocateSharedMemory, type SharedMemory, SUPERVISOR } from './shared-memory.ts'
import { SiteLearning } from './site-learning.ts'
import { listFolder } from './state-files.ts'
import { StateKeeping } from './state-keeping.ts'
import { SupervisedWorker } from './supervised-worker.ts'
import { watchWorkers } from './watchdog.ts'
import { upstreamCounters, upstreamMetrics, upstreamNames } from './ways-out.ts'

export type { ServeEvent } from './messages.ts'
export { ServeError } from './serve-error.ts'

/** A front that is silent must not delay the words "serving". */
const LEARNING_PATIENCE = 1500
/** What a dead worker was in the middle of is told from what living ones are by its not moving for so long. */
const MEND_MILLISECONDS = 1000
const EXIT_OK = 0
const EXIT_BUG = 70
/** Descriptors of a session (client, data centre) with some room for front legs. */
const DESCRIPTORS_PER_SESSION = 2.25

export interface Running {
  /** Where it listens, with the port that was given where 0 was asked for. */
  readonly addresses: readonly Endpoint[]
  readonly warnings: readonly { code: string; message: string }[]
  /** The exit code, when everything has ended. */
  readonly stopped: Promise<number>
  /**
   * Users and limits are these from now on, in every worker; live sessions that they forbid end within a second. False: there
   * are more users than this run has places for, and nothing has changed.
   */
  applyUsers(access: Pick<Config, 'users' | 'maintenance' | 'limits'>): boolean
  /** Drains; a second call leaves at once. */
  stop(): void
  on(listener: (event: ServeEvent) => void): void
}

export interface ServeDependencies {
  readonly log: Log
  readonly version: string
}

/**
 * Starts everything and resolves when every listener is bound.
 * @throws ServeError
 */
export async function serve(config: Config, dependencies: ServeDependencies): Promise<Running> {
  const { log } = dependencies
  const workers = workerCount(config.process.workers)
  const listeners = await planListeners(config, workers, log)
  const front = await openFrontSites(config, log)
  const supervisor = new Supervisor(config, { workers, listeners, front }, dependencies)
  try {
    await supervisor.begin()
    return supervisor
  } catch (error) {
    await supervisor.abandon()
    throw error
  }
}

interface Plan {
  readonly workers: number
  readonly listeners: readonly BoundListener[]
  readonly front: FrontSites
}

/** Starts and watches the threads. It relays nothing, so that nothing it does can delay a packet. */
class Supervisor implements Running {
  readonly addresses: readonly Endpoint[]
  readonly stopped: Promise<number>
  readonly #config: Config
  readonly #plan: Plan
  readonly #log: Log
  readonly #version: string
  readonly #shared: SharedMemory
  readonly #counters: Counters
  readonly #workers: SupervisedWorker[]
  readonly #learning: SiteLearning
  readonly #state: StateKeeping
  readonly #lists: IpListKeeper
  readonly #middle: MiddleKeeping
  readonly #quotas: QuotaKeeping
  #places: UserPlaces
  #access: Pick<Config, 'users' | 'maintenance' | 'limits'>
  #rolling: NodeJS.Timeout | undefined
  readonly #listeners = new Set<(event: ServeEvent) => void>()
  readonly #bound = new Set<number>()
  readonly #resolveStopped: (code: number) => void
  #metrics: MetricsServer | undefined
  #unwatch: (() => void) | undefined
  #onBound: { resolve: () => void; reject: (error: Error) => void } | undefined
  #stopping = false

  constructor(config: Config, plan: Plan, { log, version }: ServeDependencies) {
    this.#config = config
    this.#access = config
    this.#plan = plan
    this.#log = log
    this.#version = version
    this.addresses = config.listener.map(({ address }) => address)
    const stopped = Promise.withResolvers<number>()
    this.stopped = stopped.promise
    this.#resolveStopped = stopped.resolve
    this.#shared = allocateSharedMemory({
      workers: plan.workers,
      users: Object.keys(config.users).length,
      addressesMax: Object.values(config.users).map(({ addresses }) => addresses?.max ?? 0),
      sites: plan.front.sites.length,
      upstream: config.upstream,
      clockSkewSeconds: Math.ceil(config.front.clock_skew / 1000),
      allowsPlain: allowsPlain(config),
      memory: availableMemory(),
    })
    this.#counters = new Counters(this.#shared.counters, SUPERVISOR)
    this.#places = placeUsers(Object.keys(config.users))!
    this.#quotas = new QuotaKeeping(this.#shared.limits, {
      offsetSeconds: config.usage.utc_offset / 1000,
      unixSeconds,
    })
    this.#quotas.apply(config.users, this.#places)
    this.#state = new StateKeeping(
      { config, sites: plan.front.sites, shared: this.#shared },
      {
        log,
        counters: this.#counters,
        unixSeconds,
        periodStart: (user, now) => this.#quotas.periodStart(user, now, this.#state.usage(user).firstSeen),
        restored: () => this.#restoreQuotas(),
      },
    )
    this.#learning = new SiteLearning(
      {
        sites: plan.front.sites,
        ownRandom: this.#shared.ownRandom,
        loops: new Int32Array(this.#shared.loops),
      },
      { log, learned: (facts) => this.#tellWorkers({ type: 'facts', facts: [...facts] }) },
    )
    this.#middle = new MiddleKeeping(config, {
      log,
      changed: (knowledge) => this.#tellWorkers({ type: 'middle', knowledge }),
    })
    this.#lists = new IpListKeeper(
      { lists: config.lists, dir: listFolder(config.state.dir), inForce: this.#shared.listsInForce },
      { log, announce: (published) => this.#tellWorkers({ type: 'lists', published }) },
    )
    this.#workers = Array.from({ length: plan.workers }, (_, at) => this.#employ(at + 1))
  }

  get warnings(): readonly { code: string; message: string }[] {
    return this.#learning.warnings
  }

  on(listener: (event: ServeEvent) => void): void {
    this.#listeners.add(listener)
  }

  async begin(): Promise<void> {
    await this.#state.begin()
    await this.#lists.begin()
    await this.#middle.apply(this.#config.users)
    restoreInitMemory(this.#config, this.#shared.inits, this.#log)
    this.#rolling = setInterval(() => this.#quotas.roll(), ROLL_MILLISECONDS)
    await this.#openMetrics()
    const bound = new Promise<void>((resolve, reject) => {
      this.#onBound = { resolve, reject }
    })
    for (const worker of this.#workers) worker.start()
    await bound
    this.#unwatch = watchWorkers(this.#workers, new Int32Array(this.#shared.heartbeats), {
      log: this.#log,
      giveUp: () => this.#leave(EXIT_BUG),
    })
    this.#log.info('serving', {
      addresses: this.addresses.map(formatEndpoint),
      workers: this.#workers.length,
      version: this.#version,
    })
    await Promise.race([
      this.#learning.begin(),
      new Promise((resolve) => setTimeout(resolve, LEARNING_PATIENCE)),
    ])
  }

  /** Undoes a start that failed. */
  async abandon(): Promise<void> {
    this.#stopping = true
    this.#learning.stop()
    this.#lists.stop()
    this.#middle.stop()
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
    await this.#close()
  }

  applyUsers(access: Pick<Config, 'users' | 'maintenance' | 'limits'>): boolean {
    const capacity = Object.keys(this.#config.users).length
    const places = placeUsers(Object.keys(access.users), this.#places, capacity)
    if (!places) return false
    this.#access = access
    this.#places = places
    this.#quotas.apply(access.users, places)
    void this.#middle.apply(access.users)
    this.#tellWorkers({ type: 'access', access: this.#accessSettings })
    return true
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
    this.#unwatch?.()
    this.#learning.stop()
    this.#lists.stop()
    this.#middle.stop()
    await Promise.all(this.#workers.map((worker) => worker.leave({ type: 'drain', milliseconds })))
    await this.#close()
    this.#log.info('stopped')
    this.#resolveStopped(EXIT_OK)
  }

  async #close(): Promise<void> {
    this.#unwatch?.()
    clearInterval(this.#rolling)
    await Promise.all([this.#metrics?.close(), this.#plan.front.close(), this.#state.end()])
  }

  #leave(code: number): void {
    this.#log.error('leaving at once', { code })
    process.exit(code)
  }

  async #openMetrics(): Promise<void> {
    const { listen, path, allow, per_user: perUser } = this.#config.metrics
    if (!listen) return
    const build = { version: this.#version, node: process.versions.node }
    const { users } = this.#state
    const further = perUser ? [userBytes(users, (user) => this.#state.usage(user))] : []
    const lists = listMetrics(this.#lists.lists, new ListHits(this.#shared.listHits))
    const exposition = openExposition(this.#shared.counters, build, [
      ...further,
      ...lists,
      ...upstreamMetrics(
        upstreamNames(this.#config),
        upstreamCounters(this.#shared.upstreams, this.#config, this.#shared.rows),
      ),
    ])
    try {
      this.#metrics = await serveMetrics(
        { listen, path, allow },
        { exposition, ready: () => this.#isReady, troubles: () => this.#troubles, log: this.#log },
      )
    } catch (error) {
      const address = formatEndpoint(listen)
      throw new ServeError(
        'metrics_listen_failed',
        69,
        `metrics.listen ${address}: ${(error as Error).message}`,
      )
    }
  }

  get #troubles(): string[] {
    return [this.#state.trouble, this.#lists.trouble].filter((trouble) => trouble !== undefined)
  }

  get #isReady(): boolean {
    return !this.#stopping && this.#bound.size === this.#workers.length
  }

  #employ(index: number): SupervisedWorker {
    return new SupervisedWorker(index, () => this.#startData(index), this.#log, {
      message: (message) => this.#heard(index, message),
      died: () => this.#died(index),
    })
  }

  /** The settings that a worker must know, as they are now. */
  get #accessSettings() {
    const most = Math.floor(descriptorBudget() / DESCRIPTORS_PER_SESSION)
    return accessSettings(this.#access, this.#places, { most, memory: availableMemory() })
  }

  #restoreQuotas(): void {
    this.#quotas.restore((user) => {
      const { up, down } = this.#state.periodUsage(user)
      return { firstSeen: this.#state.usage(user).firstSeen, used: up + down }
    })
  }

  #startData(index: number): WorkerStart {
    return {
      index,
      config: this.#config,
      sites: this.#plan.front.sites,
      facts: this.#learning.facts,
      // Where only one can listen, the first does.
      listeners: this.#plan.listeners.filter(({ reusePort }) => reusePort || index === 1),
      shared: this.#shared,
      descriptorBudget: descriptorBudget(),
      access: this.#accessSettings,
      lists: this.#lists.published,
      middle: this.#middle.knowledge,
      logLevel: this.#config.log.level,
    }
  }

  #heard(index: number, message: FromWorker): void {
    switch (message.type) {
      case 'listening':
        this.#bound.add(index)
        if (!this.#isReady) return
        this.#onBound?.resolve()
        this.#onBound = undefined
        return
      case 'listen_failed':
        this.#onBound?.reject(refused(this.addresses[0]!, message.code))
        // A replacement that cannot listen must not pass for one that does.
        if (!this.#onBound) this.#log.error('a worker cannot listen', { worker: index, code: message.code })
        return
      case 'loop':
        this.#log.error('a front leads back to portico itself; it is not asked any more', {
          domain: this.#plan.front.sites[message.site]?.domain,
        })
        return
      default:
        for (const listener of this.#listeners) listener(message)
    }
  }

  #died(index: number): void {
    this.#bound.delete(index)
    resetGauges(this.#shared.counters, index)
    for (const words of [this.#shared.descriptors, this.#shared.sessions, this.#shared.heartbeats]) {
      Atomics.store(new Int32Array(words), index, 0)
    }
    const { mend } = forgetWorker(this.#shared.limits, index)
    setTimeout(mend, MEND_MILLISECONDS).unref()
    this.#counters.workerRestarts.add(1)
    // Before everything is bound nothing is served yet: better an error now than a start that never ends.
    this.#onBound?.reject(new ServeError('worker_failed', 70, `worker ${index} died while it started`))
  }

  #tellWorkers(message: Parameters<SupervisedWorker['post']>[0]): void {
    for (const worker of this.#workers) worker.post(message)
  }
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
