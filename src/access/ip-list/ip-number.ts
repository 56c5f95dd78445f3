const ZERO = 0x30
const DOT = 0x2e
const COLON = 0x3a
const MAX_OCTET = 255
const MAX_GROUP_DIGITS = 4
const GROUPS = 8
/** Prefix bits of IPv4 mapped into IPv6, ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
export const MAPPED_BITS = 96

/** Value of a dotted quad in text[from, to), or -1. A leading zero is refused: some read it as octal (RFC 6943 §3.1.1). */
function readIpv4(text: string, from: number, to: number): number {
  let value = 0
  let octet = -1
  let dots = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return -1
      value = value * 256 + octet
      octet = -1
    } else {
      const digit = code - ZERO
      if (digit < 0 || digit > 9 || octet === 0) return -1
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > MAX_OCTET) return -1
    }
  }
  return octet < 0 || dots !== 3 ? -1 : value * 256 + octet
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** An address as four 32-bit words, an IPv4 one in the last. Read into again and again, so that no look-up allocates. */
export class IpNumber {
  family: 4 | 6 = 4
  /** It was written as IPv4 mapped into IPv6, and is IPv4 here. */
  mapped = false
  readonly words = new Uint32Array(4)
  readonly #groups = new Uint16Array(GROUPS)

  /** Reads the address in text[from, to): no port, no brackets, no zone. False where there is none; it is then undefined. */
  read(text: string, from = 0, to = text.length): boolean {
    const { words } = this
    this.mapped = false
    const value = readIpv4(text, from, to)
    if (value >= 0) {
      this.family = 4
      words[0] = words[1] = words[2] = 0
      words[3] = value
      return true
    }
    if (!this.#readIpv6(text, from, to)) return false
    this.mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
    this.family = this.mapped ? 4 : 6
    if (this.mapped) words[2] = 0
    return true
  }

  #readIpv6(text: string, from: number, to: number): boolean {
    const beginsWithGap = to - from >= 2 && text.startsWith('::', from)
    return beginsWithGap ? this.#readGroups(text, from + 2, to, 0) : this.#readGroups(text, from, to, -1)
  }

  /** One pass: this runs once for every connection. @param firstGap before which group `::` stands; -1: unknown yet */
  #readGroups(text: string, from: number, to: number, firstGap: number): boolean {
    const groups = this.#groups
    let gap = firstGap
    let count = 0
    let group = 0
    let digits = 0
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at)
      const digit = hexDigit(code)
      if (digit >= 0) {
        group = group * 16 + digit
        if (++digits > MAX_GROUP_DIGITS) return false
      } else if (code === DOT) {
        return this.#endsWithIpv4(count, gap, readIpv4(text, at - digits, to))
      } else if (code !== COLON) return false
      else if (digits > 0) {
        if (count === GROUPS - 1) return false
        groups[count++] = group
        group = 0
        digits = 0
      } else {
        // The second colon of "::", if it is the first such.
        if (gap >= 0 || at === from) return false
        gap = count
      }
    }
    if (digits > 0) groups[count++] = group
    else if (gap !== count) return false
    return this.#spread(count, gap)
  }

  #endsWithIpv4(count: number, gap: number, tail: number): boolean {
    if (tail < 0 || count > GROUPS - 2) return false
    this.#groups[count] = tail >>> 16
    this.#groups[count + 1] = tail & 0xffff
    return this.#spread(count + 2, gap)
  }

  /** Joins the groups into words, those behind `::` at the end. */
  #spread(count: number, gap: number): boolean {
    if (gap < 0 ? count !== GROUPS : count >= GROUPS) return false
    const zeros = GROUPS - count
    for (let word = 0; word < 4; word++) {
      this.words[word] = this.#group(word * 2, gap, zeros) * 0x1_0000 + this.#group(word * 2 + 1, gap, zeros)
    }
    return true
  }

  #group(place: number, gap: number, zeros: number): number {
    if (gap < 0 || place < gap) return this.#groups[place] as number
    return place < gap + zeros ? 0 : (this.#groups[place - zeros] as number)
  }
}
