import { hash } from 'node:crypto'

/** Choices that follow from a seed alone: the same seed makes the same choices in the same order, for ever. */
export class Draws {
  readonly #seed: string
  #count = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    const drawn = hash('sha256', `${this.#seed}/${this.#count++}`, 'buffer').readUIntBE(0, 6)
    return least + (drawn % (most - least + 1))
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0]
  }

  /** True once in `n` draws. */
  once(n: number): boolean {
    return this.between(1, n) === 1
  }

  several<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: this.between(least, most) }, make)
  }

  /** `[a-z]`, for names in markup. */
  letters(least: number, most: number): string {
    return this.several(least, most, () => String.fromCharCode(97 + this.between(0, 25))).join('')
  }
}
