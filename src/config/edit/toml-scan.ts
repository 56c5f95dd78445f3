/** A key and its value, as offsets (UTF-16) into the text. */
export interface PairSpan {
  /** Parts of the key as written, unquoted. */
  readonly key: readonly string[]
  /** Where its line begins. */
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
  /** Behind its line, the line's end included. */
  readonly end: number
}

/** A header and the pairs under it; the first one of a text is the top, which has no header. */
export interface TableSpan {
  readonly path: readonly string[]
  /** `[[…]]`: one element of a list. */
  readonly isList: boolean
  /** Where the header's line begins. */
  readonly start: number
  /** Behind the header's line. */
  readonly bodyStart: number
  readonly pairs: readonly PairSpan[]
  /** Behind the line of its last pair, or behind the header's where it has none: comments that follow are not its own. */
  readonly end: number
}

/** What is not TOML has no places to edit. */
export class TomlScanError extends Error {
  readonly code = 'not_toml'
  readonly offset: number

  constructor(offset: number, expected: string) {
    super(`not TOML at offset ${offset}: expected ${expected}`)
    this.name = 'TomlScanError'
    this.offset = offset
  }
}

/**
 * Finds tables and pairs without reading their values (TOML 1.0): a parse of the whole takes a hundred times longer, and an
 * edit needs places only. Lenient: what it takes may still be refused by the parser.
 * @throws TomlScanError
 */
export function scanToml(text: string): TableSpan[] {
  return new Scanner(text).tables()
}

const BARE = /[A-Za-z0-9_-]+/y
const SPACE = /[ \t]*/y
const REST_OF_LINE = /[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y
const BLANK_LINES = /(?:[ \t]*(?:#[^\n]*)?\r?\n)*/y
/** Up to what matters inside a list or inline table. */
const UNINTERESTING = /[^"'#[\]{}]*/y
const SCALAR = /[^\s,#[\]{}"'=][^\n,#[\]{}"'=]*/y
const COMMENT = /#[^\n]*/y
const BASIC = /"(?:[^"\\\n]|\\.)*"/y
const LITERAL = /'[^'\n]*'/y
/** Up to two quotes may stand right before the closing ones. */
const LONG_BASIC = /"""(?:\\[\s\S]|(?!""")[^\\])*"""(?:""?(?!"))?/y
const LONG_LITERAL = /'''(?:(?!''')[\s\S])*'''(?:''?(?!'))?/y

class Scanner {
  readonly #text: string
  #at: number

  constructor(text: string) {
    this.#text = text
    this.#at = text.startsWith('\uFEFF') ? 1 : 0
  }

  tables(): TableSpan[] {
    const tables = [this.#body({ path: [], isList: false, start: this.#at, bodyStart: this.#at })]
    while (this.#at < this.#text.length) tables.push(this.#table())
    return tables
  }

  #table(): TableSpan {
    const start = this.#at
    this.#skip(SPACE)
    this.#expect('[')
    const isList = this.#take('[')
    const path = this.#key()
    this.#expect(isList ? ']]' : ']')
    this.#endOfLine()
    return this.#body({ path, isList, start, bodyStart: this.#at })
  }

  #body(head: Omit<TableSpan, 'pairs' | 'end'>): TableSpan {
    const pairs: PairSpan[] = []
    for (;;) {
      this.#skip(BLANK_LINES)
      if (this.#atLastLine()) break
      const line = this.#at
      this.#skip(SPACE)
      if (this.#text[this.#at] === '[') {
        this.#at = line
        break
      }
      pairs.push(this.#pair(line))
    }
    return { ...head, pairs, end: pairs.at(-1)?.end ?? head.bodyStart }
  }

  /** Nothing but space or a comment without an end of line is left. */
  #atLastLine(): boolean {
    REST_OF_LINE.lastIndex = this.#at
    const rest = REST_OF_LINE.exec(this.#text)
    if (!rest) return false
    this.#at = this.#text.length
    return true
  }

  #pair(start: number): PairSpan {
    const key = this.#key()
    this.#expect('=')
    this.#skip(SPACE)
    const valueStart = this.#at
    this.#value()
    const valueEnd = this.#at
    this.#endOfLine()
    return { key, start, valueStart, valueEnd, end: this.#at }
  }

  #key(): string[] {
    const parts: string[] = []
    do {
      this.#skip(SPACE)
      parts.push(this.#keyPart())
      this.#skip(SPACE)
    } while (this.#take('.'))
    return parts
  }

  #keyPart(): string {
    const start = this.#at
    const first = this.#text[start]
    if (first === '"') {
      this.#must(BASIC, 'a key')
      return unescaped(this.#text.slice(start + 1, this.#at - 1), start)
    }
    if (first === "'") {
      this.#must(LITERAL, 'a key')
      return this.#text.slice(start + 1, this.#at - 1)
    }
    this.#must(BARE, 'a key')
    return this.#text.slice(start, this.#at)
  }

  #value(): void {
    const first = this.#text[this.#at]
    if (first === '[' || first === '{') this.#nested()
    else if (first === '"' || first === "'") this.#string()
    else {
      this.#must(SCALAR, 'a value')
      while (/[ \t\r]/.test(this.#text[this.#at - 1] ?? '')) this.#at--
    }
  }

  #nested(): void {
    let depth = 0
    do {
      const start = this.#at
      const first = this.#text[this.#at]
      if (first === '[' || first === '{') depth++
      if (first === ']' || first === '}') depth--
      if (first === '"' || first === "'") this.#string()
      else if (first === '#') this.#skip(COMMENT)
      else this.#at++
      if (depth > 0) this.#skip(UNINTERESTING)
      if (start >= this.#text.length) throw new TomlScanError(start, 'the end of a list or table')
    } while (depth > 0)
  }

  #string(): void {
    const start = this.#text.slice(this.#at, this.#at + 3)
    if (start === '"""') this.#must(LONG_BASIC, 'the end of a text')
    else if (start === "'''") this.#must(LONG_LITERAL, 'the end of a text')
    else this.#must(start.startsWith('"') ? BASIC : LITERAL, 'the end of a text')
  }

  #endOfLine(): void {
    this.#must(REST_OF_LINE, 'the end of the line')
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at
    if (pattern.test(this.#text)) this.#at = pattern.lastIndex
  }

  #must(pattern: RegExp, expected: string): void {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) throw new TomlScanError(this.#at, expected)
    this.#at = pattern.lastIndex
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new TomlScanError(this.#at, JSON.stringify(text))
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' }

function unescaped(text: string, offset: number): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs, (_, four, eight, one) => {
    const code = Number.parseInt(four ?? eight ?? '', 16)
    if (code > 0x10ffff) throw new TomlScanError(offset, 'a character')
    return Number.isNaN(code) ? (ESCAPES[one] ?? one) : String.fromCodePoint(code)
  })
}
