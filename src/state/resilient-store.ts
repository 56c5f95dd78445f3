import { MemoryStore } from './memory-store.ts'
import {
  type DayUsage,
  type PeriodQuestion,
  type PeriodUsage,
  type StoredUsage,
  StoreError,
  type StoreErrorCode,
  type UsageBatch,
  type UsageStore,
} from './store.ts'

/** Between two tries of a disk that failed. */
export const RETRY_MILLISECONDS = 2000

export interface StoreHealth {
  /** Why writes are kept in memory only; undefined: all is on disk. */
  readonly degraded: { readonly code: StoreErrorCode; readonly message: string } | undefined
  /** Failures so far. */
  readonly errors: number
  /** Grows when a damaged file was replaced by an empty one: whoever knows the totals writes them again. */
  readonly generation: number
}

export interface ResilientStoreDependencies {
  /** Opens the durable store. @throws StoreError */
  open(): UsageStore
  /** Opens what can only be looked at. @throws StoreError */
  openSnapshot(): UsageStore
  /** Puts a damaged file away, so that `open` makes a new one. @throws StoreError */
  setAside(): void
  /** Milliseconds, monotonic. */
  now(): number
}

/**
 * A durable store that may fail at any time. While it does, what is written is kept in memory; when it can be written again
 * it gets all of that at once. A damaged store is replaced. One that a newer portico wrote is left alone.
 */
export class ResilientStore implements UsageStore {
  readonly #dependencies: ResilientStoreDependencies
  readonly #kept = new MemoryStore()
  #durable: UsageStore | undefined
  #retryAt = 0
  #health: StoreHealth = { degraded: undefined, errors: 0, generation: 0 }

  constructor(dependencies: ResilientStoreDependencies) {
    this.#dependencies = dependencies
  }

  get health(): StoreHealth {
    return this.#health
  }

  async load(today: number): Promise<StoredUsage> {
    try {
      const stored = await this.#durably((store) => store.load(today))
      if (this.#kept.isEmpty) this.#recovered()
      return stored
    } catch (error) {
      if ((error as StoreError).code === 'newer_schema') throw error
      return this.#looking((store) => store.load(today), error)
    }
  }

  async periodUsage(questions: readonly PeriodQuestion[]): Promise<PeriodUsage[]> {
    try {
      return await this.#durably((store) => store.periodUsage(questions))
    } catch (error) {
      return this.#looking((store) => store.periodUsage(questions), error)
    }
  }

  /** Rejects never: what the disk does not take is kept here. */
  async write(batch: UsageBatch): Promise<void> {
    if (this.#kept.isEmpty && !this.#health.degraded) {
      try {
        await this.#durably((store) => store.write(batch))
        return
      } catch {
        // Seen in the health.
      }
    }
    await this.#kept.write(batch)
    if (this.#dependencies.now() < this.#retryAt) return
    await this.#writeKept()
  }

  async history(name: string, first: number, last: number): Promise<DayUsage[]> {
    const kept = await this.#kept.history(name, first, last)
    const stored = await this.#durably((store) => store.history(name, first, last)).catch(() => [])
    const newer = new Set(kept.map(({ day }) => day))
    return [...stored.filter(({ day }) => !newer.has(day)), ...kept].sort((a, b) => a.day - b.day)
  }

  async prune(firstDay: number): Promise<void> {
    await this.#kept.prune(firstDay)
    await this.#durably((store) => store.prune(firstDay)).catch(() => {})
  }

  async close(): Promise<void> {
    if (!this.#kept.isEmpty) await this.#writeKept()
    await this.#durable?.close()
    this.#durable = undefined
  }

  async #writeKept(): Promise<void> {
    try {
      await this.#durably((store) => store.write(this.#kept.contents()))
      this.#kept.clear()
      this.#recovered()
    } catch {
      // Seen in the health.
    }
  }

  #recovered(): void {
    this.#health = { ...this.#health, degraded: undefined }
  }

  async #durably<T>(act: (store: UsageStore) => Promise<T>): Promise<T> {
    try {
      this.#durable ??= this.#open()
      return await act(this.#durable)
    } catch (error) {
      await this.#fail(error as StoreError)
      throw error
    }
  }

  #open(): UsageStore {
    try {
      return this.#dependencies.open()
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error
      this.#replace()
      return this.#dependencies.open()
    }
  }

  #replace(): void {
    this.#dependencies.setAside()
    this.#health = {
      ...this.#health,
      errors: this.#health.errors + 1,
      generation: this.#health.generation + 1,
    }
  }

  /** A store that failed is opened anew at the next try: a disk that was mounted again has other files. */
  async #fail(error: StoreError): Promise<void> {
    const { code, message } = error
    this.#retryAt = this.#dependencies.now() + RETRY_MILLISECONDS
    this.#health = { ...this.#health, degraded: { code, message }, errors: this.#health.errors + 1 }
    await this.#durable?.close()
    this.#durable = undefined
    if (code !== 'corrupt') return
    try {
      this.#replace()
    } catch {
      // It is tried again when it is opened.
    }
  }

  async #looking<T>(act: (store: UsageStore) => Promise<T>, reason: unknown): Promise<T> {
    let snapshot: UsageStore | undefined
    try {
      snapshot = this.#dependencies.openSnapshot()
      return await act(snapshot)
    } catch {
      throw reason
    } finally {
      await snapshot?.close()
    }
  }
}
