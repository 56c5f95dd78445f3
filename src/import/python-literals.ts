import type { Table, Value } from '../config/toml.ts'

export interface PythonReading {
  /** What is assigned a literal, the last time it is; without a prototype. */
  readonly tree: Table
  /** Names that are assigned something that would have to be executed. */
  readonly computed: readonly string[]
  /** Names that are None. */
  readonly unset: readonly string[]
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

const DEEPEST = 20

/**
 * The assignments of literals in a Python file, read as text: nothing is ever executed. Numbers (also products),
 * texts, True, False, None, and dicts, sets, lists and tuples of these.
 */
export function readPython(text: string): PythonReading {
  const tree: Table = Object.create(null)
  const computed = new Set<string>()
  const unset = new Set<string>()
  const problems: { line: number; message: string }[] = []
  for (const { name, line, at } of assignments(text)) {
    const reader = new Reader(text, at)
    const value = reader.statement()
    computed.delete(name)
    unset.delete(name)
    delete tree[name]
    if (value === COMPUTED) computed.add(name)
    else if (value === BROKEN) problems.push({ line, message: `${name}: the value does not end` })
    else if (value === undefined) unset.add(name)
    else tree[name] = value
  }
  return { tree, computed: [...computed], unset: [...unset], problems }
}

/** `NAME = ` at the beginning of a line, outside of brackets and longer texts. */
function assignments(text: string): { name: string; line: number; at: number }[] {
  const found: { name: string; line: number; at: number }[] = []
  let [line, until] = [1, 0]
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    const stop = end < 0 ? text.length : end
    const match =
      start >= until ? /^([A-Za-z_]\w{0,63})[ \t]*(?::[^=\n]*)?=(?!=)/.exec(text.slice(start, stop)) : null
    if (match?.[1] !== undefined) {
      const at = start + match[0].length
      found.push({ name: match[1], line, at })
      const reader = new Reader(text, at)
      reader.statement()
      until = Math.min(reader.at, text.length)
    }
    line++
    start = stop + 1
  }
  return found
}

const COMPUTED = Symbol('computed')
const BROKEN = Symbol('broken')
type Read = Value | undefined | typeof COMPUTED | typeof BROKEN

/** What is between two brackets so far. */
interface Held {
  readonly list: Value[]
  readonly table: Table
  isTable: boolean
  isTuple: boolean
}

class Reader {
  at: number
  readonly #text: string

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  /** A whole right-hand side; undefined is None. */
  statement(): Read {
    const value = this.#product(0)
    if (value === COMPUTED || value === BROKEN) return value
    this.#blank(false)
    const next = this.#text[this.at]
    return next === undefined || next === '\n' || next === ';' ? value : COMPUTED
  }

  /** Products of numbers: sizes are written so. */
  #product(depth: number): Read {
    let value = this.#literal(depth)
    for (;;) {
      this.#blank(depth > 0)
      if (this.#text[this.at] !== '*' || typeof value !== 'number') return value
      const power = this.#text[this.at + 1] === '*'
      this.at += power ? 2 : 1
      const other = this.#literal(depth)
      if (typeof other !== 'number') return COMPUTED
      value = power ? value ** other : value * other
    }
  }

  #literal(depth: number): Read {
    this.#blank(depth > 0)
    if (depth > DEEPEST) return COMPUTED
    const rest = this.#text.slice(this.at, this.at + 64)
    const opening = rest[0] ?? ''
    if (opening === '{' || opening === '[' || opening === '(') return this.#collection(opening, depth)
    if (/^[rRbBuU]{0,2}["']/.test(rest)) return this.#texts(depth)
    const word = /^(?:True|False|None)\b/.exec(rest)?.[0]
    if (word !== undefined) {
      this.at += word.length
      return word === 'None' ? undefined : word === 'True'
    }
    const digits = /^-?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?)(?![\w.])/.exec(rest)?.[0]
    if (digits === undefined) return COMPUTED
    this.at += digits.length
    return Number(digits.replaceAll('_', ''))
  }

  #collection(opening: string, depth: number): Read {
    const closing = { '{': '}', '[': ']', '(': ')' }[opening]
    const held: Held = { list: [], table: Object.create(null), isTable: false, isTuple: opening !== '(' }
    this.at++
    for (this.#blank(true); this.#text[this.at] !== closing; this.#blank(true)) {
      const trouble = this.#element(opening, depth, held) ?? this.#separator(closing, held)
      if (trouble !== undefined) return trouble
    }
    this.at++
    const { list, table, isTable, isTuple } = held
    if (isTable || (opening === '{' && list.length === 0)) return table
    return isTuple ? list : list[0]
  }

  #element(opening: string, depth: number, held: Held): typeof COMPUTED | typeof BROKEN | undefined {
    if (this.at >= this.#text.length) return BROKEN
    const key = this.#product(depth + 1)
    if (key === COMPUTED || key === BROKEN) return key
    this.#blank(true)
    if (opening !== '{' || this.#text[this.at] !== ':') {
      if (key !== undefined) held.list.push(key)
      return undefined
    }
    this.at++
    const value = this.#product(depth + 1)
    if (value === COMPUTED || value === BROKEN) return value
    held.isTable = true
    if (typeof key === 'object') return COMPUTED
    if (value !== undefined) held.table[String(key)] = value
    return undefined
  }

  #separator(closing: string | undefined, held: Held): typeof COMPUTED | typeof BROKEN | undefined {
    this.#blank(true)
    const next = this.#text[this.at]
    if (next === ',') {
      this.at++
      held.isTuple = true
    }
    if (next === undefined) return BROKEN
    return next === ',' || next === closing ? undefined : COMPUTED
  }

  /** Texts side by side are one. */
  #texts(depth: number): Read {
    let whole = ''
    for (;;) {
      const one = this.#oneText()
      if (one === undefined) return BROKEN
      whole += one
      const here = this.at
      this.#blank(depth > 0)
      if (!/^[rRbBuU]{0,2}["']/.test(this.#text.slice(this.at, this.at + 3))) {
        this.at = here
        return whole
      }
    }
  }

  #oneText(): string | undefined {
    const prefix = /^[rRbBuU]{0,2}/.exec(this.#text.slice(this.at, this.at + 2))?.[0] ?? ''
    this.at += prefix.length
    const three = this.#text.slice(this.at, this.at + 3)
    const quote = three === '"""' || three === "'''" ? three : (this.#text[this.at] ?? '')
    this.at += quote.length
    let said = ''
    for (; this.at < this.#text.length; this.at++) {
      if (this.#text.startsWith(quote, this.at)) {
        this.at += quote.length
        return said
      }
      const letter = this.#text[this.at] ?? ''
      if (letter === '\n' && quote.length === 1) return undefined
      if (letter !== '\\' || /r/i.test(prefix)) said += letter
      else said += this.#escape()
    }
    return undefined
  }

  /** At the backslash; leaves off at the last letter of the escape. */
  #escape(): string {
    this.at++
    const letter = this.#text[this.at] ?? ''
    const digits = { x: 2, u: 4, U: 8 }[letter]
    if (digits !== undefined) {
      const hex = this.#text.slice(this.at + 1, this.at + 1 + digits)
      const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1
      if (code < 0 || code > 0x10ffff) return `\\${letter}`
      this.at += digits
      return String.fromCodePoint(code)
    }
    const simple: Readonly<Record<string, string>> = {
      n: '\n',
      t: '\t',
      r: '\r',
      '\\': '\\',
      "'": "'",
      '"': '"',
      '\n': '',
    }
    return simple[letter] ?? `\\${letter}`
  }

  /** Blanks and comments, and, inside of brackets, ends of lines. */
  #blank(overLines: boolean): void {
    for (;;) {
      const letter = this.#text[this.at]
      if (letter === ' ' || letter === '\t' || letter === '\r' || (overLines && letter === '\n')) this.at++
      else if (letter === '\\' && this.#text[this.at + 1] === '\n') this.at += 2
      else if (letter === '#') {
        const end = this.#text.indexOf('\n', this.at)
        this.at = end < 0 ? this.#text.length : end
      } else return
    }
  }
}
