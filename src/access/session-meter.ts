import type { QuotaWords } from './quota-words.ts'
import { type Flow, type RateClock, RateGate, type RatePace } from './rate-gate.ts'
import type { Quota, UserLimits } from './user-limits.ts'

export type Direction = 'up' | 'down'

/**
 * What a read of a session costs it:
 * - go: on.
 * - wait: these bytes may go on, the next read waits until `proceed`.
 * - last: these bytes may go on, and they are the last.
 * - over: not even these.
 */
export type Toll = 'go' | 'wait' | 'last' | 'over'

/** Near its end a quota is drawn in reads of this size, so that little goes on beyond it. */
const LAST_WINDOW = 16 * 1024
const NEAR_THE_END = 64 * LAST_WINDOW

export interface AccountDependencies {
  readonly quota: QuotaWords
  readonly pace: RatePace
  readonly clock: RateClock
  /** A gate has a flow that waits, and wants to be ticked. */
  waiting(gate: RateGate): void
  /** A user's quota has just been used up; told once a period. */
  exceeded(user: number): void
}

/** What one user's sessions in one worker share: the quota and a gate for each direction. */
export class UserAccount {
  readonly #user: number
  readonly #dependencies: AccountDependencies
  readonly #gates: Record<Direction, RateGate>
  #limits: UserLimits | undefined
  #throttled = false
  /** Bytes left of the quota as this worker last saw them. */
  #left = Number.POSITIVE_INFINITY

  constructor(user: number, dependencies: AccountDependencies) {
    const { pace, clock, waiting } = dependencies
    this.#user = user
    this.#dependencies = dependencies
    this.#gates = {
      up: new RateGate(user * 2, pace, clock, waiting),
      down: new RateGate(user * 2 + 1, pace, clock, waiting),
    }
  }

  /** The limits are these from now on, for live sessions too. */
  settle(limits: UserLimits | undefined): void {
    this.#limits = limits
    this.#look()
  }

  gate(direction: Direction): RateGate {
    return this.#gates[direction]
  }

  /** The quota is used up and says that sessions end. */
  get isOver(): boolean {
    const quota = this.#limits?.quota
    return (
      quota !== undefined &&
      quota.throttle === undefined &&
      this.#dependencies.quota.used(this.#user) >= quota.bytes
    )
  }

  /** As {@link Toll}, of the quota alone. */
  spend(bytes: number): Toll {
    const quota = this.#limits?.quota
    if (quota === undefined) return 'go'
    const words = this.#dependencies.quota
    const before = words.add(this.#user, bytes)
    this.#left = quota.bytes - before - bytes
    if (before >= quota.bytes) {
      if (quota.throttle === undefined) {
        words.giveBack(this.#user, bytes)
        return 'over'
      }
    } else if (this.#left <= 0) {
      this.#dependencies.exceeded(this.#user)
      if (quota.throttle === undefined) return 'last'
    }
    if (this.#left <= 0 !== this.#throttled) this.#throttle(quota, this.#left <= 0)
    return 'go'
  }

  /** Bytes that the next read of one session may take. */
  window(direction: Direction): number {
    const { window } = this.#gates[direction]
    return this.#left < NEAR_THE_END ? Math.min(window, LAST_WINDOW) : window
  }

  /** Once in a while: a new period, or bytes that other workers have spent, may have changed the rate. */
  #look(): void {
    const quota = this.#limits?.quota
    this.#left =
      quota === undefined ? Number.POSITIVE_INFINITY : quota.bytes - this.#dependencies.quota.used(this.#user)
    this.#throttle(quota, this.#left <= 0)
  }

  #throttle(quota: Quota | undefined, on: boolean): void {
    this.#throttled = on
    const most = on ? quota?.throttle : undefined
    const { rate } = this.#limits ?? {}
    this.#gates.up.rate = lower(rate?.up, most)
    this.#gates.down.rate = lower(rate?.down, most)
  }

  /** For sessions whose next read may be long in coming. */
  look(): void {
    if (this.#limits?.quota?.throttle !== undefined) this.#look()
  }
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

/** One session's part in its user's limits. */
export class SessionMeter {
  /** Set by whoever relays: the direction may be read again. */
  proceed: (direction: Direction) => void = () => {}
  readonly #account: UserAccount
  readonly #flows: Record<Direction, Flow>

  constructor(account: UserAccount) {
    this.#account = account
    this.#flows = {
      up: { balance: 0, waiting: false, proceed: () => this.proceed('up') },
      down: { balance: 0, waiting: false, proceed: () => this.proceed('down') },
    }
  }

  get account(): UserAccount {
    return this.#account
  }

  /** For `bytes` of payload that were read, before they go on. */
  take(direction: Direction, bytes: number): Toll {
    const toll = this.#account.spend(bytes)
    if (toll !== 'go') return toll
    return this.#account.gate(direction).take(this.#flows[direction], bytes) ? 'go' : 'wait'
  }

  /** Bytes that the next read in that direction may take; Infinity for any. */
  window(direction: Direction): number {
    return this.#account.window(direction)
  }

  leave(): void {
    this.#account.gate('up').leave(this.#flows.up)
    this.#account.gate('down').leave(this.#flows.down)
  }
}

/** The gates of a worker in which somebody waits; ticked together. */
export class WaitingGates {
  readonly #gates = new Set<RateGate>()

  readonly add = (gate: RateGate): void => {
    this.#gates.add(gate)
  }

  readonly tick = (): void => {
    for (const gate of this.#gates) if (!gate.tick()) this.#gates.delete(gate)
  }
}
