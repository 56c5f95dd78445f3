import { oneCustomer } from './network.ts'

export interface PendingLimits {
  /** Over all workers and addresses. */
  readonly all: number
  /** Of one address (IPv6: one /64), over all workers. */
  readonly perAddress: number
}

/**
 * Our work for those who have not proved a secret: hellos that are awaited or searched. Nobody is refused for it. Beyond a
 * limit the hello that has been awaited longest is left to the front for good, which loses nothing by it: a client sends its
 * hello at once, and only whoever holds one back waits long.
 *
 * Each worker keeps to its share: the kernel spreads connections evenly, and a bound on our work needs no better.
 */
export class PendingHellos {
  readonly #workers: number
  readonly #awaited = new Set<PendingHello>()
  readonly #byAddress = new Map<string, Neighbours>()
  #limits: PendingLimits
  #total = 0

  constructor(workers: number, limits: PendingLimits) {
    this.#workers = workers
    this.#limits = limits
  }

  apply(limits: PendingLimits): void {
    this.#limits = limits
  }

  /** Of this worker. */
  get total(): number {
    return this.#total
  }

  /** @param giveUp leaves the connection to the front; called later or never */
  enter(address: string, giveUp: () => void): PendingHello {
    this.#total++
    const customer = oneCustomer(address)
    let neighbours = this.#byAddress.get(customer)
    if (!neighbours) {
      neighbours = { customer, total: 0, awaited: new Set() }
      this.#byAddress.set(customer, neighbours)
    }
    const pending = new PendingHello(neighbours, giveUp, this)
    neighbours.total++
    neighbours.awaited.add(pending)
    this.#awaited.add(pending)
    if (this.crowded(pending)) longest(neighbours.awaited, pending)?.giveUp()
    else if (this.full) longest(this.#awaited, pending)?.giveUp()
    return pending
  }

  /** The hello's address has more than its part. A unix socket has no address. */
  crowded({ neighbours }: PendingHello): boolean {
    return neighbours.customer !== '' && neighbours.total > this.#share(this.#limits.perAddress)
  }

  get full(): boolean {
    return this.#total > this.#share(this.#limits.all)
  }

  /** Its hello is whole. */
  arrived(pending: PendingHello): void {
    this.#awaited.delete(pending)
    pending.neighbours.awaited.delete(pending)
  }

  left(pending: PendingHello): void {
    this.arrived(pending)
    this.#total--
    const { neighbours } = pending
    if (--neighbours.total === 0) this.#byAddress.delete(neighbours.customer)
  }

  #share(limit: number): number {
    return Math.ceil(limit / this.#workers)
  }
}

/** Who has been awaited longest, but for one. */
function longest(awaited: Iterable<PendingHello>, but: PendingHello): PendingHello | undefined {
  for (const pending of awaited) if (pending !== but) return pending
  return undefined
}

/** The pending hellos of one address. */
interface Neighbours {
  readonly customer: string
  total: number
  readonly awaited: Set<PendingHello>
}

/** One connection whose hello is awaited or searched. */
export class PendingHello {
  readonly neighbours: Neighbours
  readonly #giveUp: () => void
  readonly #house: PendingHellos
  #over = false

  constructor(neighbours: Neighbours, giveUp: () => void, house: PendingHellos) {
    this.neighbours = neighbours
    this.#giveUp = giveUp
    this.#house = house
  }

  /**
   * The hello is whole: may it be searched among everybody? Otherwise only those are tried who are known from there, which
   * costs a handful of hashes: no client that has been here before is refused for its neighbours.
   */
  mayBeAnybody(): boolean {
    this.#house.arrived(this)
    return !this.#house.crowded(this) && !this.#house.full
  }

  giveUp(): void {
    this.leave()
    this.#giveUp()
  }

  /** It is decided, one way or the other. */
  leave(): void {
    if (this.#over) return
    this.#over = true
    this.#house.left(this)
  }
}
