import type { UsageRow } from '../access/usage-rows.ts'
import type { Wheel } from '../net/wheel.ts'
import { DirectRelay, type DirectRelayOptions } from '../relay/direct-relay.ts'
import { MiddleRelay, type MiddleRelayDependencies, type MiddleRelayOptions } from '../relay/middle-relay.ts'
import type { Relay } from '../relay/relay.ts'
import { dataCentreLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { SessionOwner, SessionStart } from './house.ts'

/**
 * Milliseconds between two folds of the sessions' own counters into shared memory, and two looks at who is idle: what a
 * killed process forgets must stay below a second.
 */
const BETWEEN_FOLDS = 200

export interface OpenSessionsDependencies extends MiddleRelayDependencies {
  readonly wheel: Wheel
  readonly counters: Counters
  readonly log: Log
  readonly usage: UsageRow
  unixMilliseconds(): number
  /** This worker's word in the shared count of sessions. */
  readonly count: { add(n: number): void }
}

/** The sessions that a worker relays. Nothing of theirs runs by itself but the bytes; the rest happens here, once a tick for all. */
export class OpenSessions {
  readonly #sessions = new Map<Relay, SessionOwner>()
  readonly #dependencies: OpenSessionsDependencies
  #idle = Number.POSITIVE_INFINITY
  /** Infinity: a client may be silent as long as it likes. */
  #silence = Number.POSITIVE_INFINITY
  #foldedAt = 0

  /** @param limits in milliseconds */
  constructor(limits: { idle: number; silence: number }, dependencies: OpenSessionsDependencies) {
    this.apply(limits)
    this.#dependencies = dependencies
    dependencies.wheel.everyTick((now) => this.#tick(now))
  }

  /** For live sessions too. */
  apply(limits: { idle: number; silence: number }): void {
    this.#idle = limits.idle
    this.#silence = limits.silence
  }

  get size(): number {
    return this.#sessions.size
  }

  start(options: DirectRelayOptions, start: SessionStart): void {
    const relay = new DirectRelay(options, this.#dependencies, (over) => this.#end(over))
    this.#begin(relay, start)
    relay.start(start.init, start.firstPayload)
  }

  startMiddle(options: MiddleRelayOptions, start: SessionStart): void {
    const relay = new MiddleRelay(options, this.#dependencies, (over) => this.#end(over))
    this.#begin(relay, start)
    relay.start(start.firstPayload)
  }

  #begin(relay: Relay, start: SessionStart): void {
    const { counters, count, log, usage, unixMilliseconds } = this.#dependencies
    // The first bytes are not kept with it.
    const { visitor, user, admitted, site, dc, mode, via } = start
    this.#sessions.set(relay, { visitor, user, admitted, site, dc, mode, via })
    admitted.begin()
    count.add(1)
    usage.opened(user.index, unixMilliseconds(), { listener: visitor.listener, site })
    counters.sessions.add(1, mode, visitor.family)
    // Those of a middle proxy are shared, and counted where they are opened.
    if (via !== 'middle') counters.telegramConnections.add(1, dataCentreLabel(dc), via)
    log.debug('session', { user: user.name, dc, via, mode, address: visitor.shownAddress })
  }

  cutAll(): void {
    for (const [relay, owner] of this.#sessions) {
      // The thread may end before the sockets have said that they are closed.
      this.#fold(relay, owner)
      relay.cut('drained')
    }
  }

  /** Ends the sessions of these addresses. */
  cutFrom(isRefused: (address: string) => boolean): void {
    for (const [relay, { visitor }] of this.#sessions) if (isRefused(visitor.address)) relay.cut('listed')
  }

  #tick(now: number): void {
    if (now - this.#foldedAt < BETWEEN_FOLDS) return
    this.#foldedAt = now
    const nowSeconds = this.#unixSeconds()
    for (const [relay, owner] of this.#sessions) {
      this.#fold(relay, owner)
      const { admitted } = owner
      const eviction = admitted.due(nowSeconds)
      if (eviction) relay.cut(eviction)
      else if (now - Math.max(relay.lastUpAt, relay.lastDownAt) >= this.#idle) relay.cut('idle')
      else if (relay.wasAnsweredLast && now - relay.lastDownAt >= this.#silence) {
        relay.cut('silence')
      } else if (admitted.meter !== undefined && !relay.isMeasured) relay.measure(admitted.meter)
    }
  }

  #fold(relay: Relay, { user }: SessionOwner): void {
    const { bytesUp, bytesDown } = relay
    if (bytesUp === 0 && bytesDown === 0) return
    const { counters, usage } = this.#dependencies
    const { bytes } = counters
    usage.add(user.index, bytesUp, bytesDown, this.#unixSeconds())
    for (const side of ['client', 'telegram'] as const) {
      bytes.add(bytesUp, 'up', side)
      bytes.add(bytesDown, 'down', side)
    }
    relay.bytesUp = 0
    relay.bytesDown = 0
  }

  #unixSeconds(): number {
    return Math.floor(this.#dependencies.unixMilliseconds() / 1000)
  }

  #end(relay: Relay): void {
    const owner = this.#sessions.get(relay)
    if (!owner) return
    this.#sessions.delete(relay)
    this.#fold(relay, owner)
    owner.admitted.release()
    const { counters, count, log } = this.#dependencies
    count.add(-1)
    counters.sessions.add(-1, owner.mode, owner.visitor.family)
    counters.sessionsTotal.add(1, owner.mode, relay.result)
    if (owner.via !== 'middle') counters.telegramConnections.add(-1, dataCentreLabel(owner.dc), owner.via)
    log.debug('session over', { user: owner.user.name, result: relay.result })
  }
}
