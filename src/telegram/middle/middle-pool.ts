import { type Endpoint, formatEndpoint } from '../../net/endpoint.ts'
import type { Deadline, Wheel } from '../../net/wheel.ts'
import { addressBytes } from '../../protocol/ip-address.ts'
import type { ConnectionEnd } from '../../protocol/middle/key-derivation.ts'
import type { MiddleLink } from '../../relay/middle-link.ts'
import type { DialResult } from '../dial-data-centre.ts'
import type { ProbeOutcome } from '../probe.ts'
import { AddressOrder } from './address-order.ts'
import { askMiddleProxy } from './ask-middle-proxy.ts'
import { seenEnd } from './egress.ts'
import type { MiddleFailureDetail } from './failure.ts'
import { MiddleConnection, type OddCall } from './middle-connection.ts'
import { type MiddleAgreement, MiddleOpening, type MiddleOpeningDependencies } from './middle-opening.ts'
import type { LinkOptions } from './shared-link.ts'
import { type LinkResult, WaitingClients } from './waiting-clients.ts'

/** Clients on each connection before another is opened beside it. */
export const CLIENTS_BEFORE_ANOTHER = 64
/** The official proxy keeps as many of each target. */
export const MOST_CONNECTIONS = 8
/** The first attempt after a loss comes at once. */
const FIRST_WAIT = 100
const LONGEST_WAIT = 30_000
/** A lost connection is replaced unasked if its pool was asked for within this time. */
const STILL_NEEDED = 60_000
/** An unused connection is kept for so long. */
const IDLE_LIMIT = 300_000
/** A connection that does not answer comes after any number of clients on another. */
const UNANSWERED_RANK = 2 ** 32

export interface MiddlePoolOptions {
  /** How the data centre is called in logs. */
  readonly dc: number
  readonly addresses: readonly Endpoint[]
  readonly upstreams: readonly string[] | undefined
  readonly secret: Buffer
  readonly publicAddresses: readonly string[]
  /** A client waits no longer for a connection, milliseconds. */
  readonly patience: number
}

export interface MiddlePoolDependencies extends MiddleOpeningDependencies {
  readonly wheel: Wheel
  /** Reaches one of the addresses. */
  dial(
    dc: number,
    addresses: readonly Endpoint[],
    upstreams: readonly string[] | undefined,
  ): Promise<DialResult>
  now(): number
  unixMilliseconds(): number
}

export interface MiddlePoolEvents {
  connections(change: 1 | -1): void
  ready(milliseconds: number): void
  probed(outcome: ProbeOutcome): void
  failed(
    detail: MiddleFailureDetail | { readonly failure: 'dial'; readonly code: string },
    ready: boolean,
  ): void
  odd(kind: OddCall): void
}

/** The connections of one worker to the middle proxies of one data centre. */
export class MiddlePool {
  readonly #o: MiddlePoolOptions
  readonly #d: MiddlePoolDependencies
  readonly #events: MiddlePoolEvents
  /** With the address of each. */
  readonly #ready = new Map<MiddleConnection, string>()
  readonly #waiting: WaitingClients
  readonly #idleSince = new Map<MiddleConnection, number>()
  readonly #asking = new Set<MiddleConnection>()
  readonly #order = new AddressOrder()
  readonly #retry: Deadline = { dueTick: 0, expire: () => this.#tryAgain() }
  #opening = 0
  #failures = 0
  /** Before this nothing is tried, milliseconds of the wheel. */
  #notBefore = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #offerCrc32c = false
  #draining = false

  constructor(options: MiddlePoolOptions, dependencies: MiddlePoolDependencies, events: MiddlePoolEvents) {
    this.#o = options
    this.#d = dependencies
    this.#events = events
    this.#waiting = new WaitingClients(dependencies.wheel, dependencies.now)
  }

  get connections(): number {
    return this.#ready.size
  }

  /** Clients of all connections. */
  get load(): number {
    let load = 0
    for (const connection of this.#ready.keys()) load += connection.load
    return load
  }

  /** A client's way, by the connection that has the fewest. */
  link(options: LinkOptions): Promise<LinkResult> {
    this.#askedAt = this.#d.wheel.now
    const best = this.#leastLoaded()
    if (best) {
      if (this.#wantsAnother(best)) this.#open()
      return Promise.resolve({ ok: true, link: this.#linkBy(best, options), milliseconds: 0 })
    }
    if (this.#opening === 0) {
      // Who comes while nothing may be tried need not wait to hear so: its fallback can begin.
      if (this.#d.wheel.now < this.#notBefore) return Promise.resolve({ ok: false, failure: 'backing_off' })
      this.#open()
    }
    return this.#waiting.add(options, this.#o.patience)
  }

  /** No more clients; those that there are stay until they go. */
  drain(): void {
    this.#draining = true
    this.#d.wheel.cancel(this.#retry)
    this.#waiting.fail('retired')
    this.sweep()
  }

  /** Now and then: connections that nobody uses are closed. True: there is nothing left of a drained pool. */
  sweep(): boolean {
    const { now } = this.#d.wheel
    for (const connection of this.#ready.keys()) {
      // A question of ours is no use of it.
      const clients = connection.load - Number(this.#asking.has(connection))
      if (clients > 0) this.#idleSince.delete(connection)
      else if (this.#draining) connection.retire()
      else {
        const since = this.#idleSince.get(connection) ?? now
        this.#idleSince.set(connection, since)
        if (now - since >= IDLE_LIMIT) connection.retire()
      }
    }
    return this.#draining && this.#ready.size === 0 && this.#opening === 0
  }

  /** Asks each connection a question of our own; those that do not answer get clients after the others only. */
  probe(): void {
    for (const [connection, name] of this.#ready) {
      if (!this.#asking.has(connection)) void this.#ask(connection, name)
    }
  }

  async #ask(connection: MiddleConnection, name: string): Promise<void> {
    this.#asking.add(connection)
    const link = connection.open({ transport: 'padded', client: connection.self, adTag: undefined })
    const outcome = await askMiddleProxy(link, this.#d)
    this.#asking.delete(connection)
    // That it ended meanwhile is told and learned elsewhere.
    if (!this.#ready.has(connection)) return
    this.#events.probed(outcome)
    this.#order.answered(name, outcome.result === 'ok')
  }

  /** Of those that answer, if there are any. */
  #leastLoaded(): MiddleConnection | undefined {
    let best: MiddleConnection | undefined
    let rank = Number.POSITIVE_INFINITY
    for (const [connection, name] of this.#ready) {
      const own = connection.load + (this.#order.answers(name) ? 0 : UNANSWERED_RANK)
      if (own < rank) best = connection
      rank = Math.min(rank, own)
    }
    return best
  }

  /** Another connection may be better than those that there are. */
  #wantsAnother(best: MiddleConnection): boolean {
    if (this.#ready.size + this.#opening >= MOST_CONNECTIONS) return false
    if (best.load >= CLIENTS_BEFORE_ANOTHER) return true
    if (this.#order.answers(this.#ready.get(best)!)) return false
    const others = this.#o.addresses.some((each) => this.#order.answers(formatEndpoint(each)))
    return others && this.#opening === 0 && this.#d.wheel.now >= this.#notBefore
  }

  #linkBy(connection: MiddleConnection, options: LinkOptions): MiddleLink {
    this.#idleSince.delete(connection)
    return connection.open(options)
  }

  #open(): void {
    this.#opening++
    void this.#connect().catch(() => this.#notReady({ failure: 'dial', code: 'error' }))
  }

  async #connect(): Promise<void> {
    const { secret, publicAddresses, dc, upstreams } = this.#o
    const began = this.#d.now()
    const dialled = await this.#d.dial(dc, this.#order.sort(this.#o.addresses), upstreams)
    if (!dialled.ok) return this.#notReady({ failure: 'dial', code: dialled.failure })
    const { leg, endpoint } = dialled
    const name = formatEndpoint(endpoint)
    const remote = endpoint.kind === 'tcp' ? { address: endpoint.host, port: endpoint.port } : undefined
    const server = remote && addressBytes(remote.address)
    const self = remote && seenEnd(leg.localEnd, remote, publicAddresses)
    if (!server || !self) {
      leg.destroy()
      return this.#notReady({ failure: 'dial', code: 'own_address_unknown' })
    }
    const options = {
      leg,
      secret,
      server: { address: server, port: remote.port },
      self,
      offerCrc32c: this.#offerCrc32c,
    }
    const opening = new MiddleOpening(options, this.#d, {
      agreed: (agreement) => {
        this.#order.ready(name)
        this.#events.ready(this.#d.now() - began)
        this.#begin(agreement, self, name)
      },
      failed: (detail) => {
        this.#order.notReady(name)
        this.#notReady(detail)
      },
    })
    opening.begin()
  }

  #begin(agreement: MiddleAgreement, self: ConnectionEnd, name: string): void {
    const connection = new MiddleConnection({ agreement, self }, this.#d, {
      over: (_connection, detail) => this.#over(connection, detail),
      odd: (kind) => this.#events.odd(kind),
    })
    connection.begin()
    // What it said behind its handshake may have been its end.
    if (connection.isOpen) this.#admit(connection, name)
  }

  #admit(connection: MiddleConnection, name: string): void {
    this.#opening--
    this.#failures = 0
    this.#notBefore = 0
    this.#ready.set(connection, name)
    this.#events.connections(1)
    this.#waiting.serve((options) => this.#linkBy(connection, options))
    if (this.#draining) this.sweep()
  }

  #over(connection: MiddleConnection, detail: MiddleFailureDetail): void {
    this.#idleSince.delete(connection)
    if (!this.#ready.delete(connection)) return this.#notReady(detail)
    this.#events.connections(-1)
    if (detail.failure === 'retired') return
    this.#events.failed(detail, true)
    if (this.#ready.size === 0) this.#retryLater()
  }

  #notReady(detail: MiddleFailureDetail | { readonly failure: 'dial'; readonly code: string }): void {
    this.#opening--
    this.#failures++
    // The official proxy asks for CRC-32C: whoever refuses our flags may want that.
    if (detail.code === 'refused_flags' || detail.code === 'refused_crc32c')
      this.#offerCrc32c = !this.#offerCrc32c
    this.#events.failed(detail, false)
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.#failures - 1))
    this.#notBefore = this.#d.wheel.now + wait
    if (this.#ready.size > 0 || this.#opening > 0) return
    this.#waiting.fail(detail.failure)
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#draining) return
    const wait = Math.max(0, this.#notBefore - this.#d.wheel.now)
    // A third more or less, so that many proxies do not come back all at once.
    const jitter = 1 + (this.#d.random(1)[0]! / 255 - 0.5) * 0.6
    this.#d.wheel.schedule(this.#retry, Math.ceil(wait * jitter) + 1)
  }

  #tryAgain(): void {
    const isNeeded = this.#d.wheel.now - this.#askedAt < STILL_NEEDED
    if (this.#draining || !isNeeded || this.#ready.size + this.#opening > 0) return
    this.#open()
  }
}
