import type { Wheel } from '../net/wheel.ts'
import { DirectRelay, type DirectRelayOptions, type RelayDependencies } from '../relay/direct-relay.ts'
import { dataCentreLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { SessionOwner, SessionStart } from './house.ts'

/** Ticks between two folds of the sessions' own counters into shared memory, and two looks at who is idle. */
const TICKS_PER_FOLD = 10

export interface OpenSessionsDependencies extends RelayDependencies {
  readonly wheel: Wheel
  readonly counters: Counters
  readonly log: Log
  /** This worker's word in the shared count of sessions. */
  readonly count: { add(n: number): void }
}

/** The sessions that a worker relays. Nothing of theirs runs by itself but the bytes; the rest happens here, once a tick for all. */
export class OpenSessions {
  readonly #sessions = new Map<DirectRelay, SessionOwner>()
  readonly #dependencies: OpenSessionsDependencies
  readonly #idle: number
  #ticks = 0

  constructor(idleMilliseconds: number, dependencies: OpenSessionsDependencies) {
    this.#idle = idleMilliseconds
    this.#dependencies = dependencies
    dependencies.wheel.everyTick((now) => this.#tick(now))
  }

  get size(): number {
    return this.#sessions.size
  }

  start(options: DirectRelayOptions, start: SessionStart): void {
    const { counters, count, log } = this.#dependencies
    const relay = new DirectRelay(options, this.#dependencies, (over) => this.#end(over))
    // The first bytes are not kept with it.
    this.#sessions.set(relay, { visitor: start.visitor, user: start.user, dc: start.dc })
    count.add(1)
    counters.sessions.add(1, 'tls', start.visitor.family)
    counters.telegramConnections.add(1, dataCentreLabel(start.dc), 'direct')
    log.debug('session', { user: start.user.name, dc: start.dc, address: start.visitor.shownAddress })
    relay.start(start.init, start.firstPayload)
  }

  cutAll(): void {
    for (const relay of this.#sessions.keys()) relay.cut('drained')
  }

  #tick(now: number): void {
    if (++this.#ticks % TICKS_PER_FOLD !== 0) return
    for (const relay of this.#sessions.keys()) {
      this.#fold(relay)
      if (now - relay.lastByteAt >= this.#idle) relay.cut('idle')
    }
  }

  #fold(relay: DirectRelay): void {
    const { bytesUp, bytesDown } = relay
    if (bytesUp === 0 && bytesDown === 0) return
    const { bytes } = this.#dependencies.counters
    for (const side of ['client', 'telegram'] as const) {
      bytes.add(bytesUp, 'up', side)
      bytes.add(bytesDown, 'down', side)
    }
    relay.bytesUp = 0
    relay.bytesDown = 0
  }

  #end(relay: DirectRelay): void {
    const start = this.#sessions.get(relay)
    if (!start) return
    this.#sessions.delete(relay)
    this.#fold(relay)
    const { counters, count, log } = this.#dependencies
    count.add(-1)
    counters.sessions.add(-1, 'tls', start.visitor.family)
    counters.sessionsTotal.add(1, 'tls', relay.result)
    counters.telegramConnections.add(-1, dataCentreLabel(start.dc), 'direct')
    log.debug('session over', { user: start.user.name, result: relay.result })
  }
}
