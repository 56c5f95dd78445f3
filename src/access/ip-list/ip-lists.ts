import { IpNumber } from './ip-number.ts'
import { IpRangeSet } from './ip-range-set.ts'

/** A list as all threads share it. */
export interface SharedIpList {
  readonly rule: 'block' | 'only'
  /** Of an `IpRangeSet`; undefined while nothing of it was ever read. */
  readonly ranges: SharedArrayBuffer | undefined
}

/** Every list of `only` together: an address is refused by none of them alone. */
export const NOT_AMONG_ONLY = -1

/** Which addresses may come: none of a `block` list, and where there is an `only` list, those of such a list alone. */
export class IpLists {
  readonly #block: { readonly index: number; readonly set: IpRangeSet }[] = []
  readonly #only: IpRangeSet[] = []
  readonly #isRestricted: boolean
  readonly #address = new IpNumber()

  constructor(lists: readonly SharedIpList[]) {
    this.#isRestricted = lists.some(({ rule }) => rule === 'only')
    for (const [index, { rule, ranges }] of lists.entries()) {
      if (ranges === undefined) continue
      if (rule === 'block') this.#block.push({ index, set: new IpRangeSet(ranges) })
      else this.#only.push(new IpRangeSet(ranges))
    }
  }

  /**
   * By which list the address is refused, as its number or NOT_AMONG_ONLY; undefined: it may come. An `only` list that was
   * never read lets nobody in. What is no address (a unix socket has none) is on no list.
   *
   * @param address as a socket spells it, mapped and scoped forms included
   */
  refusing(address: string): number | undefined {
    if (this.#block.length === 0 && !this.#isRestricted) return undefined
    const zone = address.indexOf('%')
    if (!this.#address.read(address, 0, zone < 0 ? address.length : zone)) return undefined
    for (const { index, set } of this.#block) if (set.has(this.#address)) return index
    if (!this.#isRestricted) return undefined
    for (const set of this.#only) if (set.has(this.#address)) return undefined
    return NOT_AMONG_ONLY
  }
}
