import { NOT_AMONG_ONLY } from '../../access/ip-list/ip-lists.ts'
import { MAX_LISTS } from '../../config/schema-lists.ts'

/** One place for what the `only` lists refuse together, and one for each list that there may be. */
const PLACES = 1 + 2 * MAX_LISTS

/** How many connections each list has refused: a row of shared memory per worker, its only writer. */
export class ListHits {
  static bytes(workers: number): number {
    return (workers + 1) * PLACES * Float64Array.BYTES_PER_ELEMENT
  }

  readonly #places: Float64Array

  constructor(shared: SharedArrayBuffer) {
    this.#places = new Float64Array(shared)
  }

  /** @param list its number, or NOT_AMONG_ONLY */
  add(worker: number, list: number): void {
    const at = worker * PLACES + list - NOT_AMONG_ONLY
    this.#places[at] = (this.#places[at] as number) + 1
  }

  /** Over all workers, dead ones included. */
  total(list: number): number {
    let sum = 0
    for (let at = list - NOT_AMONG_ONLY; at < this.#places.length; at += PLACES)
      sum += this.#places[at] as number
    return sum
  }
}
