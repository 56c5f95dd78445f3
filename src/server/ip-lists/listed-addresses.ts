import { IpLists } from '../../access/ip-list/ip-lists.ts'
import type { PublishedLists } from './ip-list-keeper.ts'

export interface ListedAddressesOptions {
  readonly published: PublishedLists
  /** One word: the generation in force. */
  readonly inForce: SharedArrayBuffer
}

export interface ListedAddressesDependencies {
  /** @param list its number, or NOT_AMONG_ONLY */
  hit(list: number): void
}

/** A worker's view of the lists: a new state waits until it is in force everywhere. */
export class ListedAddresses {
  #lists: IpLists
  #generation: number
  #next: PublishedLists | undefined
  #swept: number
  readonly #inForce: Int32Array
  readonly #dependencies: ListedAddressesDependencies

  constructor({ published, inForce }: ListedAddressesOptions, dependencies: ListedAddressesDependencies) {
    this.#lists = new IpLists(published.lists)
    this.#generation = published.generation
    this.#swept = published.generation
    this.#inForce = new Int32Array(inForce)
    this.#dependencies = dependencies
  }

  offer(published: PublishedLists): void {
    if (published.generation > this.#generation) this.#next = published
  }

  /** Whether a connection from this address must not come in; counted. */
  refuse(address: string): boolean {
    if (this.#next) this.#takeNext(this.#next)
    const list = this.#lists.refusing(address)
    if (list === undefined) return false
    this.#dependencies.hit(list)
    return true
  }

  /** Once for each state that has come into force: the addresses whose live sessions must end. */
  newlyRefused(): ((address: string) => boolean) | undefined {
    if (this.#next) this.#takeNext(this.#next)
    if (this.#swept === this.#generation) return undefined
    this.#swept = this.#generation
    const lists = this.#lists
    return (address) => lists.refusing(address) !== undefined
  }

  #takeNext(next: PublishedLists): void {
    if (Atomics.load(this.#inForce, 0) < next.generation) return
    this.#lists = new IpLists(next.lists)
    this.#generation = next.generation
    this.#next = undefined
  }
}
