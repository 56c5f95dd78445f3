/** One number for each result of a dial, then the seconds of the successful ones. */
export interface UpstreamCountersShape {
  readonly upstreams: number
  readonly rows: number
  readonly results: readonly string[]
}

/** Dials by upstream, in shared memory: a row for each thread, because the names are the operator's and not the catalogue's. */
export class UpstreamCounters {
  readonly #numbers: Float64Array
  readonly #shape: UpstreamCountersShape

  static bytes({ upstreams, rows, results }: UpstreamCountersShape): number {
    return upstreams * rows * (results.length + 1) * Float64Array.BYTES_PER_ELEMENT
  }

  constructor(shared: SharedArrayBuffer, shape: UpstreamCountersShape) {
    this.#numbers = new Float64Array(shared)
    this.#shape = shape
  }

  /** @param row of the thread that calls: its only writer */
  count(row: number, upstream: number, result: string, milliseconds: number): void {
    const at = this.#at(row, upstream)
    const { results } = this.#shape
    const index = results.indexOf(result)
    if (index >= 0) this.#numbers[at + index]! += 1
    if (result === 'ok') this.#numbers[at + results.length]! += milliseconds / 1000
  }

  /** Over all threads. */
  dials(upstream: number, result: string): number {
    return this.#sum(upstream, this.#shape.results.indexOf(result))
  }

  seconds(upstream: number): number {
    return this.#sum(upstream, this.#shape.results.length)
  }

  #sum(upstream: number, index: number): number {
    let sum = 0
    for (let row = 0; row < this.#shape.rows; row++)
      sum += this.#numbers[this.#at(row, upstream) + index] ?? 0
    return sum
  }

  #at(row: number, upstream: number): number {
    return (row * this.#shape.upstreams + upstream) * (this.#shape.results.length + 1)
  }
}
