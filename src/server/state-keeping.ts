import { UsageRows, type UserUsage } from '../access/usage-rows.ts'
import type { Config } from '../config/schema.ts'
import { StoreError } from '../state/store.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { ServeError } from './serve-error.ts'
import type { SharedMemory } from './shared-memory.ts'
import { WatchedHealth } from './store-health.ts'
import { ThreadedStore } from './threaded-store.ts'
import { KEEP_MILLISECONDS, UsageKeeper, type UsageKeeperDependencies } from './usage-keeper.ts'

const DAY_MILLISECONDS = 86_400_000
/** The end of the process waits so long for a disk. */
const LAST_WRITE_MILLISECONDS = 4000
const EXIT_CONFIGURATION = 78
/** Between two tries to read what was let in in earlier runs. */
const REPLAYS_AGAIN_MILLISECONDS = 5000

export interface StateKeepingOptions {
  /** As it was at the start: what of it can change is told by `apply`. */
  readonly config: Config
  readonly shared: SharedMemory
  /** Names by place, addresses of listeners and domains of sites by number; they grow while portico runs. */
  readonly users: readonly string[]
  readonly listeners: readonly string[]
  readonly sites: readonly string[]
}

export interface StateKeepingDependencies
  extends Pick<UsageKeeperDependencies, 'periodStart' | 'restored' | 'unixSeconds'> {
  readonly log: Log
  /** The supervisor's row. */
  readonly counters: Counters
}

/** What outlives the process: the users' usage and what was let in, with the thread that waits for their disk. */
export class StateKeeping {
  readonly #rows: UsageRows
  readonly #store: ThreadedStore
  readonly #keeper: UsageKeeper
  readonly #health: WatchedHealth
  readonly #log: Log
  #historyDays: number
  #timer: NodeJS.Timeout | undefined
  #replaysAgain: NodeJS.Timeout | undefined

  constructor(
    { config, shared, users, listeners, sites }: StateKeepingOptions,
    dependencies: StateKeepingDependencies,
  ) {
    const { log, counters } = dependencies
    this.#historyDays = historyDays(config)
    const historyNow = () => this.#historyDays
    this.#log = log
    this.#health = new WatchedHealth(counters, log)
    this.#rows = new UsageRows(shared.usage, shared.rows)
    this.#store = new ThreadedStore(
      { dir: config.state.dir, replays: shared.replays, inits: shared.inits },
      { log, health: (health) => this.#health.update(health) },
    )
    this.#keeper = new UsageKeeper(
      {
        users,
        listeners,
        sites,
        utcOffsetSeconds: config.usage.utc_offset / 1000,
        get historyDays() {
          return historyNow()
        },
      },
      { ...dependencies, rows: this.#rows, store: this.#store },
    )
  }

  /**
   * Brings back what earlier runs have left, before anybody listens. A disk that fails delays the start by seconds at
   * most: serving goes first.
   * @throws ServeError when a newer portico wrote the state
   */
  async begin(): Promise<void> {
    try {
      await this.#keeper.load()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      throw new ServeError('state_newer', EXIT_CONFIGURATION, error.message, error.fields)
    }
    await this.#restoreReplays((error) =>
      this.#log.error('hellos of earlier runs are not known: copies of them would be let in', { error }),
    )
    this.#timer = setInterval(() => this.#keeper.tick(), KEEP_MILLISECONDS)
  }

  /** A copy that comes in the meantime is let in once; what is known late is known from then on. */
  async #restoreReplays(failed: (error: unknown) => void): Promise<void> {
    try {
      const { hellos, inits } = await this.#store.restoreReplays()
      this.#log.debug('hellos of earlier runs are known', { hellos, inits })
    } catch (error) {
      failed(error)
      this.#replaysAgain = setTimeout(() => void this.#restoreReplays(() => {}), REPLAYS_AGAIN_MILLISECONDS)
    }
  }

  /** There may be more users than before. */
  apply(config: Pick<Config, 'usage'>): void {
    this.#historyDays = historyDays(config)
    this.#keeper.follow()
  }

  /** All that was ever counted of a user. */
  usage(user: number): UserUsage {
    return this.#rows.read(user)
  }

  /** What a user has used of the present quota period. */
  periodUsage(user: number): { up: number; down: number } {
    return this.#keeper.periodUsage(user)
  }

  /** For health; undefined: all is well. */
  get trouble(): string | undefined {
    return this.#health.trouble
  }

  /** The last numbers go to disk; a disk that hangs is not waited for. Call it when the workers are gone. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#replaysAgain)
    let deadline: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, LAST_WRITE_MILLISECONDS)
    })
    await Promise.race([this.#keeper.flush(), late])
    clearTimeout(deadline)
    await this.#store.close()
  }
}

function historyDays({ usage }: Pick<Config, 'usage'>): number {
  return Math.ceil(usage.history / DAY_MILLISECONDS)
}
