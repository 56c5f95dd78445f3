import { forgetWorker } from '../access/limits-memory.ts'
import type { Counters } from '../telemetry/counters.ts'
import { resetGauges } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { refused } from './listener-book.ts'
import type { FromWorker, ServeEvent, ToWorker, WorkerSettings, WorkerStart } from './messages.ts'
import { ServeError } from './serve-error.ts'
import type { SharedMemory } from './shared-memory.ts'
import { SupervisedWorker } from './supervised-worker.ts'
import { watchWorkers } from './watchdog.ts'

/** What a dead worker was in the middle of is told from what living ones are by its not moving for so long. */
const MEND_MILLISECONDS = 1000
/** With tens of thousands of users making ready takes a while. */
const PREPARE_MILLISECONDS = 20_000

export interface WorkerCrewDependencies {
  readonly log: Log
  /** The supervisor's row. */
  readonly counters: Counters
  /** What a worker that starts now must know. */
  startData(index: number): WorkerStart
  heard(
    message:
      | ServeEvent
      | Extract<FromWorker, { type: 'loop_suspected' | 'other_answer' | 'refused' | 'clients' }>,
  ): void
  giveUp(): void
}

interface Proposal {
  readonly generation: number
  /** Workers whose answer is awaited. */
  readonly open: Set<number>
  resolve(): void
  reject(error: Error): void
}

/** All data-plane threads: they begin together, agree on a new configuration together, and leave together. */
export class WorkerCrew {
  readonly #shared: SharedMemory
  readonly #dependencies: WorkerCrewDependencies
  readonly #workers: SupervisedWorker[]
  readonly #bound = new Set<number>()
  #generation = 0
  #proposal: Proposal | undefined
  #beginning: { resolve: () => void; reject: (error: Error) => void } | undefined
  #unwatch: (() => void) | undefined

  constructor(size: number, shared: SharedMemory, dependencies: WorkerCrewDependencies) {
    this.#shared = shared
    this.#dependencies = dependencies
    this.#workers = Array.from({ length: size }, (_, at) => this.#employ(at + 1))
  }

  get size(): number {
    return this.#workers.length
  }

  /** Every listener is bound. */
  get isReady(): boolean {
    return this.#bound.size === this.#workers.length
  }

  /** Resolves when every listener is bound. @throws ServeError */
  async begin(): Promise<void> {
    const { log, giveUp } = this.#dependencies
    const bound = new Promise<void>((resolve, reject) => {
      this.#beginning = { resolve, reject }
    })
    for (const worker of this.#workers) worker.start()
    await bound
    const heartbeats = new Int32Array(this.#shared.heartbeats)
    this.#unwatch = watchWorkers(this.#workers, heartbeats, { log, giveUp })
  }

  tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.post(message)
  }

  /**
   * Every worker makes ready for these settings; resolves when all are.
   * @throws ServeError when one cannot be, and none of them keeps anything of it
   */
  async propose(settingsFor: (index: number) => WorkerSettings, generation: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#proposal = { generation, open: new Set(this.#bound), resolve, reject }
    const late = setTimeout(
      () => reject(new ServeError('worker_busy', 75, 'a worker has not made ready in time')),
      PREPARE_MILLISECONDS,
    )
    for (const worker of this.#workers) {
      worker.post({ type: 'prepare', settings: settingsFor(worker.index) })
    }
    if (this.#bound.size === 0) resolve()
    try {
      await promise
    } catch (error) {
      this.tell({ type: 'discard', generation })
      throw error
    } finally {
      clearTimeout(late)
      this.#proposal = undefined
    }
  }

  /** What was proposed last is in force. */
  commit(generation: number): void {
    this.#generation = generation
    this.tell({ type: 'commit', generation })
  }

  /** Nobody is replaced any more. Resolves when all are gone. */
  async drain(milliseconds: number): Promise<void> {
    this.#unwatch?.()
    await Promise.all(this.#workers.map((worker) => worker.leave({ type: 'drain', milliseconds })))
  }

  async terminate(): Promise<void> {
    this.#unwatch?.()
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #employ(index: number): SupervisedWorker {
    const { log, startData } = this.#dependencies
    return new SupervisedWorker(index, () => startData(index), log, {
      message: (message) => this.#heard(index, message),
      died: () => this.#died(index),
    })
  }

  #heard(index: number, message: FromWorker): void {
    switch (message.type) {
      case 'listening':
        return this.#listens(index, message.generation)
      case 'listen_failed':
        this.#beginning?.reject(refused(message.endpoint, message.code))
        return
      case 'prepared':
        return this.#agrees(index, message.generation)
      case 'prepare_failed':
        if (this.#proposal?.generation === message.generation) {
          this.#proposal.reject(refused(message.endpoint, message.code))
        }
        return
      default:
        this.#dependencies.heard(message)
    }
  }

  #listens(index: number, generation: number): void {
    this.#bound.add(index)
    if (generation !== this.#generation) {
      // It was being started while the configuration changed, and knows the former one.
      void this.#workers[index - 1]?.terminate()
      return
    }
    if (!this.isReady) return
    this.#beginning?.resolve()
    this.#beginning = undefined
  }

  #agrees(index: number, generation: number): void {
    const proposal = this.#proposal
    if (proposal?.generation !== generation) return
    proposal.open.delete(index)
    if (proposal.open.size === 0) proposal.resolve()
  }

  #died(index: number): void {
    const { counters } = this.#dependencies
    const { descriptors, sessions, heartbeats, limits } = this.#shared
    this.#bound.delete(index)
    resetGauges(this.#shared.counters, index)
    for (const words of [descriptors, sessions, heartbeats]) Atomics.store(new Int32Array(words), index, 0)
    const { mend } = forgetWorker(limits, index)
    setTimeout(mend, MEND_MILLISECONDS).unref()
    counters.workerRestarts.add(1)
    // Before everything is bound nothing is served yet: better an error now than a start that never ends.
    this.#beginning?.reject(new ServeError('worker_failed', 70, `worker ${index} died while it started`))
    if (this.#proposal) this.#agrees(index, this.#proposal.generation)
  }
}
