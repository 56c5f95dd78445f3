import { type DialFailure, dialFailure } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { Deadline, Wheel } from '../net/wheel.ts'
import type { Upstream } from '../upstream/upstream.ts'

/** One way to one address. */
export interface Attempt {
  readonly endpoint: Endpoint
  readonly upstream: Upstream
  /** Milliseconds after which the next is tried beside it. */
  readonly patience: number
}

export type DialResult =
  | {
      readonly ok: true
      readonly leg: Leg
      readonly endpoint: Endpoint
      readonly upstream: Pick<Upstream, 'name' | 'kind'>
      readonly milliseconds: number
    }
  | { readonly ok: false; readonly failure: DialFailure }

/** What became of one attempt. `slow`: another was faster, although this one had its time. */
export type AttemptOutcome = 'ok' | 'slow' | DialFailure

export interface DialDependencies {
  readonly wheel: Wheel
  /** Milliseconds, monotonic. */
  now(): number
  /** How many bytes the first read may take. */
  readonly window?: (() => number) | undefined
  /** Called once for each attempt that told something; one that was overtaken within its patience told nothing. */
  report?(attempt: Attempt, outcome: AttemptOutcome, milliseconds: number): void
}

interface Running {
  readonly attempt: Attempt
  readonly since: number
}

/**
 * Reaches a data centre by whichever attempt succeeds first: each next one begins when the one before failed, or has not
 * answered within its patience (happy eyeballs, RFC 8305). The losers are closed.
 */
export function dialDataCentre(
  attempts: readonly Attempt[],
  timeoutMilliseconds: number,
  dependencies: DialDependencies,
): Promise<DialResult> {
  return new Promise((resolve) => new Race(attempts, timeoutMilliseconds, dependencies, resolve).begin())
}

class Race implements LegHandler {
  readonly #attempts: readonly Attempt[]
  readonly #dependencies: DialDependencies
  readonly #resolve: (result: DialResult) => void
  readonly #running = new Map<Leg, Running>()
  readonly #began: number
  readonly #timeout: number
  #next = 0
  #over = false
  #failure: DialFailure = 'unreachable'
  readonly #limit: Deadline = { dueTick: 0, expire: () => this.#timeOut() }
  readonly #stagger: Deadline = { dueTick: 0, expire: () => this.#tryNext() }

  constructor(
    attempts: readonly Attempt[],
    timeout: number,
    dependencies: DialDependencies,
    resolve: (result: DialResult) => void,
  ) {
    this.#attempts = attempts
    this.#timeout = timeout
    this.#dependencies = dependencies
    this.#resolve = resolve
    this.#began = dependencies.now()
  }

  begin(): void {
    this.#dependencies.wheel.schedule(this.#limit, this.#timeout)
    this.#tryNext()
  }

  #tryNext(): void {
    const attempt = this.#attempts[this.#next++]
    if (!attempt) {
      if (this.#running.size === 0) this.#fail(this.#failure)
      return
    }
    const since = this.#dependencies.now()
    const leg: Leg = attempt.upstream.connect(
      attempt.endpoint,
      this,
      () => this.#win(leg),
      this.#dependencies.window,
    )
    this.#running.set(leg, { attempt, since })
    if (this.#next < this.#attempts.length) {
      this.#dependencies.wheel.schedule(this.#stagger, attempt.patience)
    }
  }

  #win(leg: Leg): void {
    const won = this.#running.get(leg)
    if (this.#over || !won) return
    this.#running.delete(leg)
    const now = this.#dependencies.now()
    // Where the handshake of a proxy was read first, the window counts from here.
    if (this.#dependencies.window) leg.limitReads(this.#dependencies.window)
    this.#report(won, 'ok')
    for (const lost of this.#running.values()) {
      if (now - lost.since >= lost.attempt.patience) this.#report(lost, 'slow')
    }
    const { endpoint, upstream } = won.attempt
    this.#finish({ ok: true, leg, endpoint, upstream, milliseconds: now - this.#began })
  }

  #timeOut(): void {
    if (this.#over) return
    for (const lost of this.#running.values()) this.#report(lost, 'timeout')
    this.#finish({ ok: false, failure: 'timeout' })
  }

  #fail(failure: DialFailure): void {
    if (!this.#over) this.#finish({ ok: false, failure })
  }

  #finish(result: DialResult): void {
    this.#over = true
    this.#dependencies.wheel.cancel(this.#limit)
    this.#dependencies.wheel.cancel(this.#stagger)
    for (const loser of this.#running.keys()) loser.destroy()
    this.#running.clear()
    this.#resolve(result)
  }

  #report({ attempt, since }: Running, outcome: AttemptOutcome): void {
    this.#dependencies.report?.(attempt, outcome, this.#dependencies.now() - since)
  }

  onLost(leg: Leg): void {
    const lost = this.#running.get(leg)
    if (this.#over || !lost) return
    this.#running.delete(leg)
    this.#failure = dialFailure(leg.failure)
    this.#report(lost, this.#failure)
    this.#dependencies.wheel.cancel(this.#stagger)
    this.#tryNext()
  }

  onBytes(): boolean {
    return false
  }
  onDrain(): void {}
  onEnd(leg: Leg): void {
    leg.destroy()
    this.onLost(leg)
  }
  onClosed(): void {}
}
