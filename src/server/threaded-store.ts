import { Worker } from 'node:worker_threads'
import type { StoreHealth } from '../state/resilient-store.ts'
import {
  type DayUsage,
  type PeriodQuestion,
  type PeriodUsage,
  type StoredUsage,
  StoreError,
  type UsageBatch,
} from '../state/store.ts'
import { isLogMessage, type Log, relayLog } from '../telemetry/log.ts'
import type {
  FromStore,
  RestoredReplays,
  StoreMethod,
  StoreService,
  StoreThreadStart,
  ToStore,
} from './store-messages.ts'

/** A write that takes longer counts as lost; it may still succeed, which does no harm. */
const WRITE_MILLISECONDS = 5000
/** The start waits so long for what earlier runs have left. */
const LOAD_MILLISECONDS = 8000
const CLOSE_MILLISECONDS = 3000
/** An exit of the process waits so long for the thread. */
const EXIT_MILLISECONDS = 1000

/** Milliseconds that an answer may take. */
type Patience = Readonly<Record<StoreMethod, number>>

const PATIENCE: Patience = {
  load: LOAD_MILLISECONDS,
  periodUsage: LOAD_MILLISECONDS,
  restoreReplays: LOAD_MILLISECONDS,
  write: WRITE_MILLISECONDS,
  history: WRITE_MILLISECONDS,
  prune: LOAD_MILLISECONDS,
  close: CLOSE_MILLISECONDS,
}

interface Pending {
  resolve(value: unknown): void
  reject(error: StoreError): void
  readonly timer: NodeJS.Timeout
}

export interface ThreadedStoreDependencies {
  readonly log: Log
  /** After every answer, and when one does not come. */
  health(health: StoreHealth): void
  readonly patience?: Patience
}

/**
 * The store as the supervisor sees it: a thread that may hang as long as its disk does. While it owes an answer that is
 * overdue, nothing more is asked of it, so that nothing piles up; a thread that dies is replaced at the next question.
 */
export class ThreadedStore implements StoreService {
  readonly #start: Omit<StoreThreadStart, 'atWork'>
  readonly #atWork = new Int32Array(new SharedArrayBuffer(4))
  readonly #onExit = () => this.#letExit()
  readonly #dependencies: ThreadedStoreDependencies
  readonly #patience: Patience
  readonly #pending = new Map<number, Pending>()
  /** Numbers of overdue questions. */
  readonly #overdue = new Set<number>()
  #worker: Worker | undefined
  #threads = 0
  #questions = 0
  #health: StoreHealth = { degraded: undefined, errors: 0, generation: 0 }
  /** Errors that the thread itself cannot count. */
  #ownErrors = 0

  constructor(start: Omit<StoreThreadStart, 'atWork'>, dependencies: ThreadedStoreDependencies) {
    this.#start = start
    this.#patience = dependencies.patience ?? PATIENCE
    this.#dependencies = dependencies
  }

  get health(): StoreHealth {
    const { degraded, errors, generation } = this.#health
    const hangs = { code: 'not_answering', message: 'the disk of the state folder does not answer' } as const
    return {
      degraded: this.hangs ? hangs : degraded,
      errors: errors + this.#ownErrors,
      // A new thread has forgotten what the last one kept in memory.
      generation: generation + this.#threads,
    }
  }

  /** It owes an answer. Such a thread cannot be ended either. */
  get hangs(): boolean {
    return this.#overdue.size > 0
  }

  load(today: number): Promise<StoredUsage> {
    return this.#ask('load', today)
  }

  periodUsage(questions: readonly PeriodQuestion[]): Promise<PeriodUsage[]> {
    return this.#ask('periodUsage', questions)
  }

  write(batch: UsageBatch): Promise<void> {
    return this.#ask('write', batch)
  }

  history(name: string, first: number, last: number): Promise<DayUsage[]> {
    return this.#ask('history', name, first, last)
  }

  prune(firstDay: number): Promise<void> {
    return this.#ask('prune', firstDay)
  }

  restoreReplays(): Promise<RestoredReplays> {
    return this.#ask('restoreReplays')
  }

  /** Ends the thread, and waits for its disk only so long. */
  async close(): Promise<void> {
    if (!this.#worker) return
    await this.#ask('close').catch(() => {})
    const worker = this.#worker
    this.#worker = undefined
    if (this.hangs) return worker?.unref()
    await worker?.terminate()
    process.off('exit', this.#onExit)
  }

  #ask<T>(method: StoreMethod, ...args: readonly unknown[]): Promise<T> {
    if (this.hangs) {
      return Promise.reject(new StoreError('not_answering', 'an earlier question has not been answered'))
    }
    this.#worker ??= this.#employ()
    const id = this.#questions++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => this.#late(id, method), this.#patience[method])
    this.#pending.set(id, { resolve, reject, timer })
    this.#worker.postMessage({ id, method, args } satisfies ToStore)
    return promise as Promise<T>
  }

  #late(id: number, method: StoreMethod): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    this.#overdue.add(id)
    this.#ownErrors++
    this.#dependencies.health(this.health)
    pending?.reject(new StoreError('not_answering', `no answer to ${method} in time`))
  }

  #employ(): Worker {
    const worker = new Worker(new URL('./store-thread.ts', import.meta.url), {
      name: 'store',
      workerData: { ...this.#start, atWork: this.#atWork.buffer } satisfies StoreThreadStart,
    })
    const { log } = this.#dependencies
    this.#threads++
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    worker.on('message', (message: FromStore) => {
      if (isLogMessage(message)) relayLog(log, message)
      else this.#answered(message)
    })
    worker.on('error', (error) => log.error('the store failed', { error }))
    worker.on('exit', () => this.#exited(worker))
    return worker
  }

  /**
   * `process.exit` waits until every thread has ended, and one that hangs in its disk does not: such a process is ended from
   * outside, by itself. Nothing is lost that was not lost already.
   */
  #letExit(): void {
    const waited = Atomics.wait(this.#atWork, 0, 1, EXIT_MILLISECONDS)
    if (waited === 'timed-out') process.kill(process.pid, 'SIGKILL')
  }

  #answered({ id, outcome, health }: FromStore): void {
    this.#overdue.delete(id)
    this.#health = health
    this.#dependencies.health(this.health)
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    if (outcome.ok) pending.resolve(outcome.value)
    else pending.reject(new StoreError(outcome.code, outcome.message, outcome.fields))
  }

  #exited(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#overdue.clear()
    this.#ownErrors += this.#health.errors + 1
    this.#health = { ...this.#health, errors: 0 }
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(new StoreError('unavailable', 'the thread of the store has ended'))
    }
    this.#pending.clear()
  }
}
