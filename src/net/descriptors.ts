import { readFileSync } from 'node:fs'

/** Kept back for everything that is not a connection: files, the log, the control room, the threads' own. */
const RESERVED = 128
/** Above this share of the budget a new connection waits for its front leg while its hello is read. */
const STRANGERS_SHARE = 0.75

/** Descriptors that connections may use, over all workers. The runtime raises the soft limit to the hard one at start. */
export function descriptorBudget(): number {
  return Math.max(64, descriptorLimit() - RESERVED)
}

function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return line === undefined || line === 'unlimited' ? 1_048_576 : Number(line)
  } catch {
    // No /proc: what every POSIX system allows at least.
    return 1024
  }
}

/**
 * Counts the connections' descriptors, because at the limit the runtime accepts and closes by itself, and nothing in it can
 * pause accepting: the limit must not be met. Every worker has its own word of shared memory.
 */
export class Descriptors {
  readonly #open: Int32Array
  readonly #worker: number
  readonly #budget: number
  readonly #waiting = new Set<() => void>()

  constructor(shared: SharedArrayBuffer, worker: number, budget: number) {
    this.#open = new Int32Array(shared)
    this.#worker = worker
    this.#budget = budget
  }

  opened(): void {
    Atomics.add(this.#open, this.#worker, 1)
  }

  closed(): void {
    Atomics.sub(this.#open, this.#worker, 1)
    if (this.#waiting.size > 0 && !this.scarce) this.serve()
  }

  get own(): number {
    return Atomics.load(this.#open, this.#worker)
  }

  /** A new connection must be closed at once. */
  get exhausted(): boolean {
    return this.#all() >= this.#budget
  }

  get scarce(): boolean {
    return this.#all() >= this.#budget * STRANGERS_SHARE
  }

  /** Runs at once, or in order when descriptors are free again. Returns how to call that off. */
  whenFree(run: () => void): () => void {
    if (!this.scarce && this.#waiting.size === 0) run()
    else this.#waiting.add(run)
    return () => {
      this.#waiting.delete(run)
    }
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Lets those in who can be: also once a tick, because other workers free descriptors too. */
  readonly serve = (): void => {
    for (const run of this.#waiting) {
      if (this.scarce) return
      this.#waiting.delete(run)
      run()
    }
  }

  /** However scarce they are: for those who will not use one. */
  serveAll(): void {
    for (const run of this.#waiting) {
      this.#waiting.delete(run)
      run()
    }
  }

  #all(): number {
    let sum = 0
    for (let worker = 0; worker < this.#open.length; worker++) sum += Atomics.load(this.#open, worker)
    return sum
  }
}
