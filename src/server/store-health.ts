import type { StoreHealth } from '../state/resilient-store.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'

/** Tells of the store's troubles: one line when they begin and one when they are over, counters, and health. */
export class WatchedHealth {
  readonly #counters: Counters
  readonly #log: Log
  #errors = 0
  #code: string | undefined

  constructor(counters: Counters, log: Log) {
    this.#counters = counters
    this.#log = log
  }

  /** For health: why usage is kept in memory only. */
  get trouble(): string | undefined {
    return this.#code === undefined ? undefined : `usage is kept in memory only: ${this.#code}`
  }

  update({ degraded, errors }: StoreHealth): void {
    if (errors > this.#errors) this.#counters.stateErrors.add(errors - this.#errors, 'usage')
    this.#errors = errors
    this.#counters.stateDegraded.set(degraded ? 1 : 0, 'usage')
    if (degraded && this.#code === undefined) {
      const { code, message } = degraded
      this.#log.error('usage is kept in memory only: the state folder fails', { code, message })
    }
    if (!degraded && this.#code !== undefined)
      this.#log.info('usage is on disk again, with all that was kept')
    this.#code = degraded?.code
  }
}
