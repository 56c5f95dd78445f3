import { IpNumber, MAPPED_BITS } from './ip-number.ts'
import { IpRanges } from './ip-ranges.ts'

/** Bytes of a list: a million IPv4 networks. */
export const MAX_LIST_BYTES = 16 * 1024 * 1024
/** Networks of a list: 8 MB of memory, or 32 where all are IPv6. */
export const MAX_LIST_ENTRIES = 1_000_000

const HASH = 0x23
const SEMICOLON = 0x3b
const SLASH = 0x2f
const DASH = 0x2d
const SPACE = 0x20
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'
const MAX_PREFIX_DIGITS = 3

export interface IpList {
  readonly ranges: IpRanges
  /** Lines that were understood, as many as `ranges` holds. */
  readonly entries: number
  readonly badLines: number
  /** From 1; 0: none. */
  readonly firstBadLine: number
}

export type IpListReading =
  | { readonly ok: true; readonly list: IpList }
  | { readonly ok: false; readonly code: 'too_long' | 'too_many_entries' }

/**
 * Reads FireHOL's netset format: a line is an address, a network (`address/prefix`, host bits are ignored) or a range
 * (`first-last`), of either family; what follows `#` or `;` is a comment. A line that is none of these is skipped and
 * counted. IPv4 mapped into IPv6 becomes IPv4.
 *
 * @param text one character a byte (latin1): only comments hold anything but ASCII
 */
export function parseIpList(text: string): IpListReading {
  if (text.length > MAX_LIST_BYTES) return { ok: false, code: 'too_long' }
  const reader = new LineReader(text)
  let badLines = 0
  let firstBadLine = 0
  let from = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  for (let line = 1; from < text.length; line++) {
    const newline = text.indexOf('\n', from)
    const to = newline < 0 ? text.length : newline
    if (!reader.read(from, to)) {
      badLines++
      firstBadLine ||= line
    }
    if (reader.ranges.size > MAX_LIST_ENTRIES) return { ok: false, code: 'too_many_entries' }
    from = to + 1
  }
  const { ranges } = reader
  return { ok: true, list: { ranges, entries: ranges.size, badLines, firstBadLine } }
}

/** Reads entries from places in one text, so that no line becomes a string of its own. */
class LineReader {
  readonly ranges = new IpRanges()
  readonly #text: string
  readonly #first = new IpNumber()
  readonly #last = new IpNumber()

  constructor(text: string) {
    this.#text = text
  }

  /** False for a line that is neither an entry nor empty nor a comment. */
  read(lineStart: number, lineEnd: number): boolean {
    const text = this.#text
    let slash = -1
    let dash = -1
    let to = lineStart
    for (; to < lineEnd; to++) {
      const code = text.charCodeAt(to)
      if (code === HASH || code === SEMICOLON) break
      if (code === SLASH) slash = to
      else if (code === DASH) dash = to
    }
    const from = this.#skipBlanks(lineStart, to)
    to = this.#dropBlanks(from, to)
    if (from === to) return true
    if (slash >= 0) return this.#network(from, slash, to)
    if (dash >= 0) return this.#range(from, dash, to)
    if (!this.#first.read(text, from, to)) return false
    this.ranges.addNetwork(this.#first, this.#first.family === 4 ? 32 : 128)
    return true
  }

  #network(from: number, slash: number, to: number): boolean {
    const address = this.#first
    if (!address.read(this.#text, from, slash)) return false
    let prefix = this.#number(slash + 1, to)
    if (prefix < 0) return false
    if (address.mapped) prefix -= MAPPED_BITS
    if (prefix < 0 || prefix > (address.family === 4 ? 32 : 128)) return false
    this.ranges.addNetwork(address, prefix)
    return true
  }

  #range(from: number, dash: number, to: number): boolean {
    const text = this.#text
    return (
      this.#first.read(text, from, this.#dropBlanks(from, dash)) &&
      this.#last.read(text, this.#skipBlanks(dash + 1, to), to) &&
      this.ranges.addRange(this.#first, this.#last)
    )
  }

  #number(from: number, to: number): number {
    if (from === to || to - from > MAX_PREFIX_DIGITS) return -1
    let value = 0
    for (let at = from; at < to; at++) {
      const digit = this.#text.charCodeAt(at) - 0x30
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return value
  }

  /** Blanks are spaces and what stands below them in ASCII: tabs, and the CR of a CRLF. */
  #skipBlanks(from: number, to: number): number {
    let at = from
    while (at < to && this.#text.charCodeAt(at) <= SPACE) at++
    return at
  }

  #dropBlanks(from: number, to: number): number {
    let at = to
    while (at > from && this.#text.charCodeAt(at - 1) <= SPACE) at--
    return at
  }
}
