/** A user who was slower may catch up this much; less would lose bytes to the coarse clock. */
const BURST_MICROSECONDS = 200_000
/** Time of the rate that one read may take. */
const WINDOW_MICROSECONDS = 100_000
/** A record header and some payload: below it reads would be all overhead. */
export const SMALLEST_WINDOW = 1024
/** No sleep of the machine may be caught up with. */
const LONGEST_TICK_MICROSECONDS = 1_000_000

const SECOND = 1_000_000

/** One direction of one session under a rate. */
export interface Flow {
  /** Bytes that it may read before it has to wait again; below 0 it has read ahead. */
  balance: number
  waiting: boolean
  /** It may read again. */
  proceed(): void
}

/** What the gates of one user and direction share over all workers. */
export class RatePace {
  /** One word a user and direction (the time up to which its bytes are paid for), and one a worker (flows that wait). */
  static bytes(users: number, workers: number): { paid: number; waiting: number } {
    return { paid: users * 2 * 8, waiting: users * 2 * (workers + 1) * 4 }
  }

  readonly #paid: BigInt64Array
  readonly #waiting: Int32Array
  readonly #lines: number
  readonly #workers: number
  readonly #worker: number

  constructor(
    memory: { paid: SharedArrayBuffer; waiting: SharedArrayBuffer },
    { workers, worker }: { workers: number; worker: number },
  ) {
    this.#paid = new BigInt64Array(memory.paid)
    this.#waiting = new Int32Array(memory.waiting)
    this.#lines = this.#paid.length
    this.#workers = workers
    this.#worker = worker
  }

  /** Pays for bytes; returns by how much the line is now ahead of its rate, in microseconds. */
  charge(line: number, cost: number, now: number, burst: number): number {
    let seen = Atomics.load(this.#paid, line)
    for (;;) {
      const next = Math.max(Number(seen), now - burst) + cost
      const before = Atomics.compareExchange(this.#paid, line, seen, BigInt(Math.round(next)))
      if (before === seen) return next - now
      seen = before
    }
  }

  ahead(line: number, now: number): number {
    return Number(Atomics.load(this.#paid, line)) - now
  }

  addWaiting(line: number, n: number): void {
    Atomics.add(this.#waiting, this.#worker * this.#lines + line, n)
  }

  waitingEverywhere(line: number): number {
    let sum = 0
    for (let worker = 1; worker <= this.#workers; worker++) {
      sum += Atomics.load(this.#waiting, worker * this.#lines + line)
    }
    return sum
  }

  /** The worker is dead: nobody of it waits. */
  forget(worker: number): void {
    this.#waiting.fill(0, worker * this.#lines, (worker + 1) * this.#lines)
  }
}

export interface RateClock {
  /** Microseconds of a clock that all workers share; never goes back. */
  micros(): number
}

/**
 * One user's rate in one direction, in one worker. Every read is paid for on a word that all workers share (as in GCRA, the
 * generic cell rate algorithm of ITU-T I.371), so the rate holds whatever they do. A flow that is ahead waits; each tick hands
 * what the time has earned out to the flows that wait, the same to each, wherever they are. No flow has a timer.
 */
export class RateGate {
  readonly #pace: RatePace
  readonly #line: number
  readonly #clock: RateClock
  readonly #waiting = new Set<Flow>()
  readonly #onWaiting: (gate: RateGate) => void
  /** Bytes a second; undefined: no limit now. */
  #rate: number | undefined
  #lastTick = 0

  /** @param line user × 2 + direction. `onWaiting`: the gate has a first flow that waits, and wants ticks. */
  constructor(line: number, pace: RatePace, clock: RateClock, onWaiting: (gate: RateGate) => void) {
    this.#line = line
    this.#pace = pace
    this.#clock = clock
    this.#onWaiting = onWaiting
  }

  get rate(): number | undefined {
    return this.#rate
  }

  /** Whoever waits goes on by the new rate at the next tick. */
  set rate(bytesPerSecond: number | undefined) {
    this.#rate = bytesPerSecond
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** How much the next read of one flow may take: small, so that slow is smooth. */
  get window(): number {
    if (this.#rate === undefined) return Number.POSITIVE_INFINITY
    const share = (this.#rate * WINDOW_MICROSECONDS) / SECOND / Math.max(1, this.#waiting.size)
    return Math.max(SMALLEST_WINDOW, Math.floor(share))
  }

  /** A flow has read so many bytes. False: it has to wait until it is told to proceed. */
  take(flow: Flow, bytes: number): boolean {
    if (this.#rate === undefined) return true
    const now = this.#clock.micros()
    const ahead = this.#pace.charge(this.#line, (bytes / this.#rate) * SECOND, now, this.#burst(this.#rate))
    flow.balance -= bytes
    if (flow.balance > 0) return true
    if (ahead <= 0 && this.#waiting.size === 0) {
      flow.balance = 0
      return true
    }
    this.#wait(flow, now)
    return false
  }

  /** Hands out what has been earned since the last tick. False: nobody waits any more. */
  tick(): boolean {
    const local = this.#waiting.size
    if (local === 0) return false
    const now = this.#clock.micros()
    const passed = Math.min(now - this.#lastTick, LONGEST_TICK_MICROSECONDS)
    this.#lastTick = now
    const share = this.#rate === undefined ? Number.POSITIVE_INFINITY : this.#share(this.#rate, passed, now)
    if (share <= 0) return true
    for (const flow of this.#waiting) {
      flow.balance += share
      if (flow.balance <= 0) continue
      this.#stopWaiting(flow)
      if (this.#rate === undefined) flow.balance = 0
      flow.proceed()
    }
    return this.#waiting.size > 0
  }

  /** The session is over. */
  leave(flow: Flow): void {
    if (flow.waiting) this.#stopWaiting(flow)
  }

  /** Bytes for each flow that waits, so that the line stays where its rate wants it. */
  #share(rate: number, passed: number, now: number): number {
    const burst = this.#burst(rate)
    const ahead = Math.min(LONGEST_TICK_MICROSECONDS, Math.max(-burst, this.#pace.ahead(this.#line, now)))
    // Half of what it is off by: several workers correct it at once, and a read shows only after its tick.
    const earned = passed - ahead / 2
    const everywhere = Math.max(this.#waiting.size, this.#pace.waitingEverywhere(this.#line))
    return (rate * Math.max(0, earned)) / SECOND / everywhere
  }

  /** It must hold the smallest read, or slow rates would forfeit what they had earned for it. */
  #burst(rate: number): number {
    return Math.max(BURST_MICROSECONDS, (2 * SMALLEST_WINDOW * SECOND) / rate)
  }

  #wait(flow: Flow, now: number): void {
    if (flow.waiting) return
    flow.waiting = true
    if (this.#waiting.size === 0) {
      this.#lastTick = now
      this.#onWaiting(this)
    }
    this.#waiting.add(flow)
    this.#pace.addWaiting(this.#line, 1)
  }

  #stopWaiting(flow: Flow): void {
    flow.waiting = false
    this.#waiting.delete(flow)
    this.#pace.addWaiting(this.#line, -1)
  }
}
