import { Worker } from 'node:worker_threads'
import { isLogMessage, type Log, relayLog } from '../telemetry/log.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'

const FIRST_RESTART_DELAY = 100
const LONGEST_RESTART_DELAY = 5000
/** A worker that lived this long did not die of its start. */
const STEADY = 30_000

export interface SupervisedWorkerEvents {
  message(message: FromWorker): void
  /** It died: what it had in shared memory is void, and it will be replaced. */
  died(index: number): void
}

/** A data-plane thread that is replaced when it dies; its end takes its own sessions only. */
export class SupervisedWorker {
  readonly index: number
  readonly #startData: () => WorkerStart
  readonly #log: Log
  readonly #events: SupervisedWorkerEvents
  #worker: Worker | undefined
  #leaving = false
  #delay = FIRST_RESTART_DELAY
  #left: (() => void) | undefined
  #restart: NodeJS.Timeout | undefined

  /** @param startData is asked at every start, so that a replacement knows what has been learned since */
  constructor(index: number, startData: () => WorkerStart, log: Log, events: SupervisedWorkerEvents) {
    this.index = index
    this.#startData = startData
    this.#log = log
    this.#events = events
  }

  start(): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#startData() })
    const startedAt = performance.now()
    this.#worker = worker
    worker.on('message', (message: FromWorker) => {
      if (isLogMessage(message)) relayLog(this.#log, message)
      else this.#events.message(message)
    })
    worker.on('error', (error) => this.#log.error('worker failed', { worker: this.index, error }))
    worker.on('exit', (code) => this.#exited(code, performance.now() - startedAt))
  }

  post(message: ToWorker): void {
    this.#worker?.postMessage(message)
  }

  /** Resolves when the thread has ended by itself. */
  leave(message: Extract<ToWorker, { type: 'drain' }>): Promise<void> {
    this.#leaving = true
    clearTimeout(this.#restart)
    return new Promise((resolve) => {
      if (!this.#worker) return resolve()
      this.#left = resolve
      this.post(message)
    })
  }

  /** Ends a thread that no longer answers. It may not return: the caller watches the time. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate()
  }

  #exited(code: number, lived: number): void {
    this.#worker = undefined
    if (this.#leaving) {
      this.#left?.()
      return
    }
    this.#events.died(this.index)
    this.#delay = lived > STEADY ? FIRST_RESTART_DELAY : Math.min(this.#delay * 2, LONGEST_RESTART_DELAY)
    this.#log.error('worker died; it is replaced', { worker: this.index, code, after: Math.round(lived) })
    this.#restart = setTimeout(() => this.start(), this.#delay)
  }
}
