import type { Leg, LegHandler } from '../net/leg.ts'
import type { DialResult } from './dial-data-centre.ts'
import type { Road } from './directory.ts'

/** A data centre that nobody has asked for this long gets no more connections in advance, milliseconds. */
const DEMAND_LASTS = 60_000
/** Older ones may have been forgotten by something on the way that says nothing. */
const LONGEST_WAIT = 30_000
/** After a dial that failed, before the next in advance. */
const REST_AFTER_FAILURE = 5000
/** `auto`: what is asked for in this time is kept, for the next burst of one phone (8 to 20 connections). */
const BURST = 2000
const MOST = 16

export type WarmEvent = 'used' | 'expired' | 'lost'

export interface WarmPoolDependencies {
  dial(road: Road): Promise<DialResult>
  now(): number
  /** Resolves after the loop has looked at its sockets once more. */
  nextTurn(): Promise<void>
  /** True while descriptors are scarce: then none is spent in advance. */
  isScarce(): boolean
  counted(dc: number, event: WarmEvent): void
  /** How many wait now. */
  waiting(dc: number, count: number): void
}

type Connected = Extract<DialResult, { ok: true }>

interface Waiting {
  readonly result: Connected
  readonly since: number
}

/**
 * Connections to data centres that wait for a session, which then saves the round trip of the dial. They follow demand:
 * the first session to a data centre makes the pool begin, and a minute after the last one nothing is kept.
 */
export class WarmPool {
  readonly #size: number | 'auto'
  readonly #dependencies: WarmPoolDependencies
  readonly #shelves = new Map<number, Shelf>()
  #closed = false

  /** @param size connections kept for each data centre in use; 0: none */
  constructor(size: number | 'auto', dependencies: WarmPoolDependencies) {
    this.#size = size
    this.#dependencies = dependencies
  }

  /** A connection that is alive, or undefined; either way it is known now that this data centre is asked for. */
  async take(road: Road): Promise<Connected | undefined> {
    if (this.#size === 0 || this.#closed) return undefined
    const shelf = this.#shelf(road)
    shelf.asked()
    const taken = await shelf.take()
    shelf.fill()
    return taken
  }

  /** Once a second or so: what is too old goes, what is wanted is made up. */
  readonly tend = (): void => {
    for (const [dc, shelf] of this.#shelves) {
      shelf.tend()
      if (shelf.isIdle) this.#shelves.delete(dc)
    }
  }

  close(): void {
    this.#closed = true
    for (const shelf of this.#shelves.values()) shelf.clear()
    this.#shelves.clear()
  }

  #shelf(road: Road): Shelf {
    const known = this.#shelves.get(road.dc)
    if (known) return known
    const shelf = new Shelf(road, this.#size, this.#dependencies, () => this.#closed)
    this.#shelves.set(road.dc, shelf)
    return shelf
  }
}

/** The connections of one data centre. */
class Shelf implements LegHandler {
  readonly #road: Road
  readonly #size: number | 'auto'
  readonly #dependencies: WarmPoolDependencies
  readonly #isClosed: () => boolean
  readonly #waiting = new Map<Leg, Waiting>()
  #asked: number[] = []
  #lastAsked = 0
  #dialling = 0
  #restUntil = 0

  constructor(
    road: Road,
    size: number | 'auto',
    dependencies: WarmPoolDependencies,
    isClosed: () => boolean,
  ) {
    this.#road = road
    this.#size = size
    this.#dependencies = dependencies
    this.#isClosed = isClosed
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#dialling === 0 && this.#wanted === 0
  }

  asked(): void {
    const now = this.#dependencies.now()
    this.#lastAsked = now
    this.#asked = [...this.#asked.filter((at) => now - at < BURST), now].slice(-MOST)
  }

  get #wanted(): number {
    const now = this.#dependencies.now()
    if (now - this.#lastAsked >= DEMAND_LASTS) return 0
    if (this.#size !== 'auto') return this.#size
    return Math.max(1, this.#asked.filter((at) => now - at < BURST).length)
  }

  async take(): Promise<Connected | undefined> {
    const { counted, nextTurn } = this.#dependencies
    // The youngest first: the others may just have been closed. What the far side has said by now shows in a turn.
    for (const [leg, { result }] of [...this.#waiting].toReversed()) {
      if (!this.#waiting.has(leg)) continue
      const alive = this.#setAside(leg)
      await nextTurn()
      if (alive()) {
        counted(this.#road.dc, 'used')
        return { ...result, milliseconds: 0 }
      }
    }
    return undefined
  }

  /** Off the shelf, still watched; the function says whether it has lived until it is called. */
  #setAside(leg: Leg): () => boolean {
    this.#waiting.delete(leg)
    this.#tell()
    let alive = true
    const died = () => {
      alive = false
      this.#dependencies.counted(this.#road.dc, 'lost')
      leg.destroy()
    }
    leg.handler = {
      onBytes: () => {
        died()
        return false
      },
      onDrain: () => {},
      onEnd: died,
      onLost: died,
      onClosed: () => {},
    }
    return () => alive
  }

  fill(): void {
    const { now, isScarce } = this.#dependencies
    while (
      !this.#isClosed() &&
      now() >= this.#restUntil &&
      !isScarce() &&
      this.#waiting.size + this.#dialling < this.#wanted
    ) {
      this.#dialling++
      void this.#dial()
    }
  }

  async #dial(): Promise<void> {
    const { dial, now } = this.#dependencies
    const result = await dial(this.#road)
    this.#dialling--
    if (!result.ok) {
      this.#restUntil = now() + REST_AFTER_FAILURE
      return
    }
    if (this.#isClosed()) {
      result.leg.destroy()
      return
    }
    result.leg.handler = this
    this.#waiting.set(result.leg, { result, since: now() })
    this.#tell()
  }

  tend(): void {
    const { now, counted } = this.#dependencies
    const isWanted = this.#wanted > 0
    for (const [leg, { since }] of this.#waiting) {
      if (isWanted && now() - since < LONGEST_WAIT && this.#waiting.size <= MOST) continue
      this.#drop(leg)
      counted(this.#road.dc, 'expired')
    }
    this.fill()
  }

  clear(): void {
    for (const leg of this.#waiting.keys()) this.#drop(leg)
  }

  #drop(leg: Leg): void {
    if (!this.#waiting.delete(leg)) return
    this.#tell()
    leg.destroy()
  }

  #tell(): void {
    this.#dependencies.waiting(this.#road.dc, this.#waiting.size)
  }

  // What the waiting legs tell: a data centre says nothing before an init, so whatever it says is an end.

  onBytes(leg: Leg): boolean {
    this.#lose(leg)
    return false
  }
  onDrain(): void {}
  onEnd(leg: Leg): void {
    this.#lose(leg)
  }
  onLost(leg: Leg): void {
    this.#lose(leg)
  }
  onClosed(): void {}

  #lose(leg: Leg): void {
    if (!this.#waiting.has(leg)) return
    this.#drop(leg)
    this.#dependencies.counted(this.#road.dc, 'lost')
  }
}
