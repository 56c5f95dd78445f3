import type { IpNumber } from './ip-number.ts'
import { compareWords, type IpRanges } from './ip-ranges.ts'

/** Words before the ranges: how many there are of IPv4, and of IPv6. */
const HEADER = 2
const IPV4_WORDS = 2
const IPV6_WORDS = 8
/** Words of an IPv6 address behind its first. */
const TAIL = 3
const MAX_WORD = 0xffff_ffff

/**
 * A set of addresses in memory that all threads share: disjoint ranges in order, 8 bytes for one of IPv4 and 32 for one of
 * IPv6. Never changed once made; what replaces it is another. Starts and ends stand apart, because the search reads starts
 * only, and of those of IPv6 the first words: so a search meets a quarter of the cache lines.
 */
export class IpRangeSet {
  static share(ranges: IpRanges): SharedArrayBuffer {
    const ipv4 = mergeIpv4(ranges.ipv4)
    const ipv6 = mergeIpv6(ranges.ipv6)
    const words = HEADER + ipv4.length + ipv6.length
    const shared = new SharedArrayBuffer(words * Uint32Array.BYTES_PER_ELEMENT)
    const all = new Uint32Array(shared)
    all[0] = ipv4.length / IPV4_WORDS
    all[1] = ipv6.length / IPV6_WORDS
    const set = new IpRangeSet(shared)
    for (let i = 0; i < ipv4.length / IPV4_WORDS; i++) {
      set.#starts4[i] = ipv4[i * IPV4_WORDS] as number
      set.#ends4[i] = ipv4[i * IPV4_WORDS + 1] as number
    }
    for (let i = 0; i < ipv6.length / IPV6_WORDS; i++) {
      const at = i * IPV6_WORDS
      set.#heads6[i] = ipv6[at] as number
      set.#tails6.set(ipv6.subarray(at + 1, at + 4), i * TAIL)
      set.#ends6.set(ipv6.subarray(at + 4, at + 8), i * 4)
    }
    return shared
  }

  readonly #starts4: Uint32Array
  readonly #ends4: Uint32Array
  /** The first word of each start, the other three, and the four of each end. */
  readonly #heads6: Uint32Array
  readonly #tails6: Uint32Array
  readonly #ends6: Uint32Array

  constructor(shared: SharedArrayBuffer) {
    const all = new Uint32Array(shared)
    const [ipv4 = 0, ipv6 = 0] = all
    const after4 = HEADER + ipv4 * IPV4_WORDS
    this.#starts4 = all.subarray(HEADER, HEADER + ipv4)
    this.#ends4 = all.subarray(HEADER + ipv4, after4)
    this.#heads6 = all.subarray(after4, after4 + ipv6)
    this.#tails6 = all.subarray(after4 + ipv6, after4 + ipv6 * 4)
    this.#ends6 = all.subarray(after4 + ipv6 * 4, after4 + ipv6 * IPV6_WORDS)
  }

  /** Ranges, after merging. */
  get size(): number {
    return this.#starts4.length + this.#heads6.length
  }

  has({ family, words }: IpNumber): boolean {
    return family === 4 ? this.#hasIpv4(words[3] as number) : this.#hasIpv6(words)
  }

  #hasIpv4(address: number): boolean {
    const starts = this.#starts4
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] as number) <= address) low = middle + 1
      else high = middle
    }
    return low > 0 && address <= (this.#ends4[low - 1] as number)
  }

  #hasIpv6(words: Uint32Array): boolean {
    const heads = this.#heads6
    const first = words[0] as number
    let low = 0
    let high = heads.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const head = heads[middle] as number
      const isBehind = head === first ? this.#tailIsBehind(middle, words) : head > first
      if (isBehind) high = middle
      else low = middle + 1
    }
    return low > 0 && compareWords(words, 0, this.#ends6, (low - 1) * 4) <= 0
  }

  #tailIsBehind(range: number, words: Uint32Array): boolean {
    for (let i = 0; i < TAIL; i++) {
      const [tail, word] = [this.#tails6[range * TAIL + i] as number, words[i + 1] as number]
      if (tail !== word) return tail > word
    }
    return false
  }
}

/** @returns disjoint ranges in order, first and last address each */
function mergeIpv4(ranges: Uint32Array): Uint32Array {
  const sorted = ranges.slice()
  // Without a comparator the sort is native: 100,000 ranges in milliseconds.
  new BigUint64Array(sorted.buffer).sort()
  const merged = new Uint32Array(sorted.length)
  let length = 0
  for (let at = 0; at < sorted.length; at += IPV4_WORDS) {
    const last = sorted[at] as number
    const first = sorted[at + 1] as number
    const before = length > 0 ? (merged[length - 1] as number) : -2
    if (first <= before + 1) merged[length - 1] = Math.max(before, last)
    else {
      merged[length++] = first
      merged[length++] = last
    }
  }
  return merged.subarray(0, length)
}

function mergeIpv6(ranges: Uint32Array): Uint32Array {
  const order = Uint32Array.from({ length: ranges.length / IPV6_WORDS }, (_, i) => i * IPV6_WORDS)
  order.sort((a, b) => compareWords(ranges, a, ranges, b))
  const merged = new Uint32Array(ranges.length)
  const following = new Uint32Array(4)
  let length = 0
  for (const at of order) {
    const end = length - 4
    const joins =
      length > 0 && (isPastTheLast(merged, end, following) || compareWords(ranges, at, following, 0) <= 0)
    if (!joins) {
      merged.set(ranges.subarray(at, at + IPV6_WORDS), length)
      length += IPV6_WORDS
    } else if (compareWords(ranges, at + 4, merged, end) > 0) {
      merged.set(ranges.subarray(at + 4, at + IPV6_WORDS), end)
    }
  }
  return merged.subarray(0, length)
}

/** Writes the address that follows the one at `at`; true when there is none. */
function isPastTheLast(words: Uint32Array, at: number, following: Uint32Array): boolean {
  following.set(words.subarray(at, at + 4))
  for (let word = 3; word >= 0; word--) {
    if (following[word] !== MAX_WORD) {
      following[word] = (following[word] as number) + 1
      return false
    }
    following[word] = 0
  }
  return true
}
