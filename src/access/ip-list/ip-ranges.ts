import type { IpNumber } from './ip-number.ts'

const FIRST_CAPACITY = 1024

/** Numbers in a typed array that doubles when it is full. */
class Words {
  #words = new Uint32Array(FIRST_CAPACITY)
  length = 0

  push(word: number): void {
    if (this.length === this.#words.length) {
      const wider = new Uint32Array(this.length * 2)
      wider.set(this.#words)
      this.#words = wider
    }
    this.#words[this.length++] = word
  }

  /** A view of what was pushed; valid until the next push. */
  get view(): Uint32Array {
    return this.#words.subarray(0, this.length)
  }
}

/** Ranges of addresses in the order in which a list names them, both ends included. */
export class IpRanges {
  readonly #ipv4 = new Words()
  readonly #ipv6 = new Words()

  get size(): number {
    return this.#ipv4.length / 2 + this.#ipv6.length / 8
  }

  /** Two words a range: last and first address. So the two are one little-endian 64-bit number that orders by the first. */
  get ipv4(): Uint32Array {
    return this.#ipv4.view
  }

  /** Eight words a range: first and last address, the most significant word first. */
  get ipv6(): Uint32Array {
    return this.#ipv6.view
  }

  /** The network of an address, host bits set or not. `prefix` fits the family. */
  addNetwork({ family, words }: IpNumber, prefix: number): void {
    if (family === 4) {
      const size = 2 ** (32 - prefix)
      const first = (words[3] as number) - ((words[3] as number) % size)
      this.#pushIpv4(first, first + size - 1)
      return
    }
    for (let word = 0; word < 4; word++) this.#ipv6.push(((words[word] as number) & mask(prefix, word)) >>> 0)
    for (let word = 0; word < 4; word++)
      this.#ipv6.push(((words[word] as number) | ~mask(prefix, word)) >>> 0)
  }

  /** False when the ends are not of one family and in order. */
  addRange(first: IpNumber, last: IpNumber): boolean {
    if (first.family !== last.family || compareWords(first.words, 0, last.words, 0) > 0) return false
    if (first.family === 4) this.#pushIpv4(first.words[3] as number, last.words[3] as number)
    else for (const { words } of [first, last]) for (const word of words) this.#ipv6.push(word)
    return true
  }

  #pushIpv4(first: number, last: number): void {
    this.#ipv4.push(last)
    this.#ipv4.push(first)
  }
}

/** The bits of that word (0–3) which belong to a prefix of so many bits. */
function mask(prefix: number, word: number): number {
  const bits = Math.min(32, Math.max(0, prefix - word * 32))
  return bits === 0 ? 0 : -1 << (32 - bits)
}

/** Orders two addresses of four words each, `a` at its offset and `b` at its own. */
export function compareWords(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = (a[atA + word] as number) - (b[atB + word] as number)
    if (difference !== 0) return difference
  }
  return 0
}
