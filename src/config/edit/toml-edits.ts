import { asTable } from '../cross-checks.ts'
import { readToml, type Table } from '../toml.ts'
import { type InlinePart, inlineParts, listItems } from './inline-parts.ts'
import { type PairSpan, scanToml, type TableSpan } from './toml-scan.ts'
import { type TomlEntries, type TomlValue, tomlKey, tomlText } from './toml-value.ts'

export type Path = readonly string[]

/** The text cannot be edited so in place: it says the same thing in a form that these edits do not write. */
export class TomlEditError extends Error {
  readonly code = 'not_editable'
  readonly path: Path

  constructor(path: Path, message: string) {
    super(`${tomlKey(path)}: ${message}`)
    this.name = 'TomlEditError'
    this.path = path
  }
}

interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
  /** At one place the keys of a table come before the next table. */
  readonly isTable: boolean
}

interface Piece {
  readonly table: TableSpan
  readonly pair: PairSpan
  /** Of the pair, from the top of the text. */
  readonly path: Path
}

/**
 * Edits of one text, each of the range of one table; all that is not named stays byte for byte: comments, order, layout. They
 * are collected and applied together, so they must not name the same key twice. Comments go only with what they stand in:
 * behind a removed key on its line, or between the first and the last key of a removed table.
 */
export class TomlEdits {
  readonly #eol: string
  #text = ''
  #tables: readonly TableSpan[] = []
  #splices: Splice[] = []
  /** Where a table was put, and whether it brought the blank line behind it. */
  readonly #added = new Map<number, { isSpaced: boolean }>()
  /** By the first two parts of the path: whatever is edited lies that deep, and there may be tens of thousands. */
  readonly #tablesBy = new Map<string, TableSpan[]>()
  /** Of the tables that are not that deep, such as `[users]` with `alice = { … }`. */
  readonly #shallowBy = new Map<string, Piece[]>()

  /** @throws TomlScanError */
  constructor(text: string) {
    this.#eol = /\r?\n/.exec(text)?.[0] ?? '\n'
    this.#read(text)
  }

  #read(text: string): void {
    this.#text = text
    this.#splices = []
    this.#tables = scanToml(text)
    for (const by of [this.#tablesBy, this.#shallowBy, this.#added]) by.clear()
    for (const table of this.#tables) {
      file(this.#tablesBy, table.path, table)
      if (table.path.length < 2) for (const piece of piecesOf(table)) file(this.#shallowBy, piece.path, piece)
    }
  }

  /** Names right under `path`, in the order in which they first stand there. */
  names(path: Path): string[] {
    const names = new Set<string>()
    for (const table of this.#tables) {
      if (isUnder(table.path, path)) names.add(table.path[path.length]!)
      for (const pair of table.pairs) {
        const full = [...table.path, ...pair.key]
        if (isUnder(full, path)) names.add(full[path.length]!)
        else if (same(full, path)) for (const { key } of this.#inline(pair)) names.add(key[0]!)
      }
    }
    return [...names]
  }

  has(path: Path): boolean {
    if (this.#tablesAt(path).length > 0 || this.#piecesAt(path).length > 0) return true
    const holder = this.#holder(path)
    return holder !== undefined && this.#inlineAt(holder, path).found.length > 0
  }

  /** A table that is not there yet, behind the last one beside it. @throws TomlEditError where it is there */
  addTable(path: Path, entries: TomlEntries): void {
    this.#settle(path)
    if (this.has(path)) throw new TomlEditError(path, 'is there already')
    const parent = path.slice(0, -1)
    const holder = this.#holder(path)
    if (holder) this.#insertInline(holder, path, entries)
    else if (this.#listsInline(parent)) this.#insertKeys(parent, { [path.at(-1)!]: entries })
    else this.#insertTable(path, entries)
  }

  /** Everything at and under `path`. False: there was nothing. */
  remove(path: Path): boolean {
    this.#settle(path)
    const tables = this.#tablesAt(path)
    for (const table of tables) this.#cut(table.start, table.end)
    const inTables = new Set(tables)
    const pieces = this.#piecesAt(path).filter(({ table }) => !inTables.has(table))
    for (const { pair } of pieces) this.#splice(pair.start, pair.end, '')
    if (tables.length > 0 || pieces.length > 0) return true
    const holder = this.#holder(path)
    return holder !== undefined && this.#removeInline(holder, path)
  }

  /** Keys of the table at `path`, which is made where it is missing; undefined removes one. */
  setKeys(path: Path, entries: Readonly<Record<string, TomlValue | undefined>>): void {
    const added: Record<string, TomlValue> = {}
    for (const [key, value] of Object.entries(entries)) {
      const at = [...path, key]
      this.#settle(at)
      if (value === undefined) this.remove(at)
      else if (!this.#replace(at, value)) {
        this.remove(at)
        added[key] = value
      }
    }
    if (Object.keys(added).length === 0) return
    this.#settle([...path, ''])
    this.#insertKeys(path, added)
  }

  /** One more element at the front of a list, which is made where it is missing. */
  addToList(path: Path, item: TomlEntries): void {
    this.#settle(path)
    const lists = this.#tablesAt(path).filter((table) => same(table.path, path))
    const last = this.#tablesAt(path).at(-1)
    if (lists.length > 0 && last) {
      const lines = this.#lines(`[[${tomlKey(path)}]]`, item)
      this.#splice(last.end, last.end, this.#closed(last.end) + this.#eol + lines, true)
      return
    }
    const range = this.#valueRange(path)
    if (!range) {
      this.setKeys(path.slice(0, -1), { [path.at(-1)!]: [item] })
      return
    }
    const value = this.#text.slice(range.start, range.end)
    if (!value.startsWith('[')) throw new TomlEditError(path, 'is not a list')
    const isEmpty = /^\[\s*\]$/.test(value)
    this.#splice(range.start + 1, range.start + 1, `${tomlText(item)}${isEmpty ? '' : ', '}`)
  }

  /** The elements of a list for which `matches` is true go. Returns how many. */
  removeFromList(path: Path, matches: (item: Table) => boolean): number {
    if (this.#splices.length > 0) this.#read(this.result())
    const removed = this.#removeItems(path, matches)
    // What comes next may be put where these were.
    if (removed > 0) this.#read(this.result())
    return removed
  }

  #removeItems(path: Path, matches: (item: Table) => boolean): number {
    const tables = this.#tablesAt(path).filter((table) => table.isList && same(table.path, path))
    const gone = tables.filter(({ bodyStart, end }) =>
      matches(readToml(this.#text.slice(bodyStart, end)).tree),
    )
    for (const { start, end } of gone) this.#cut(start, end)
    const range = tables.length === 0 ? this.#valueRange(path) : undefined
    if (!range) return gone.length
    const items = listItems(this.#text.slice(range.start, range.end))
    const kept = items.filter((item) => !matches(asTable(readToml(`v = ${item}`).tree.v)))
    if (kept.length < items.length) this.#splice(range.start, range.end, `[${kept.join(', ')}]`)
    return items.length - kept.length
  }

  /** The text of a value as it stands; undefined where it is no single value. */
  valueText(path: Path): string | undefined {
    const range = this.#valueRange(path)
    return range && this.#text.slice(range.start, range.end)
  }

  /** The text with everything done. */
  result(): string {
    const ordered = this.#splices.toSorted(
      (a, b) => a.start - b.start || a.end - b.end || Number(a.isTable) - Number(b.isTable),
    )
    let [text, at] = ['', 0]
    for (const { start, end, text: inserted } of ordered) {
      text += this.#text.slice(at, Math.max(at, start)) + inserted
      at = Math.max(at, end)
    }
    return text + this.#text.slice(at)
  }

  /** Within one inline table edits would overlap: there each begins with what the last has left. */
  #settle(path: Path): void {
    if (this.#splices.length > 0 && this.#holder(path)) this.#read(this.result())
  }

  #splice(start: number, end: number, text: string, isTable = false): void {
    this.#splices.push({ start, end, text, isTable })
  }

  /** Removes whole lines, and the blank ones behind them, so that no hole is left. */
  #cut(start: number, end: number): void {
    const blank = /(?:[ \t]*\r?\n)*/y
    blank.lastIndex = end
    blank.exec(this.#text)
    this.#splice(start, blank.lastIndex, '')
  }

  #replace(path: Path, value: TomlValue): boolean {
    const range = this.#valueRange(path)
    if (!range) return false
    this.#splice(range.start, range.end, tomlText(value))
    return true
  }

  #valueRange(path: Path): { start: number; end: number } | undefined {
    const exact = this.#piecesAt(path).find((piece) => same(piece.path, path))
    if (exact) return { start: exact.pair.valueStart, end: exact.pair.valueEnd }
    const holder = this.#holder(path)
    if (!holder) return undefined
    const { found, depth } = this.#inlineAt(holder, path)
    return found.length === 1 && found[0]!.key.length === depth ? found[0]!.value : undefined
  }

  /** New keys in the table at `path`: where its header is, or beside its dotted keys, or under a header of their own. */
  #insertKeys(path: Path, entries: TomlEntries): void {
    const whole = this.#piecesAt(path).find((piece) => same(piece.path, path))
    const holder = whole ?? this.#holder(path)
    if (holder) {
      this.#insertInline(holder, path, entries, whole !== undefined)
      return
    }
    const table =
      path.length === 0 ? this.#tables[0] : this.#tablesAt(path).find((each) => same(each.path, path))
    if (table?.isList) throw new TomlEditError(path, 'is a list of tables')
    if (table) {
      this.#insertLines(table, table.end, entries, [])
      return
    }
    const beside = this.#piecesAt(path).at(-1)
    if (beside)
      this.#insertLines(beside.table, beside.pair.end, entries, path.slice(beside.table.path.length))
    else this.#insertTable(path, entries)
  }

  #insertLines(table: TableSpan, at: number, entries: TomlEntries, prefix: Path): void {
    const last = table.pairs.findLast((pair) => pair.end <= at)
    const indent = last ? (/^[ \t]*/.exec(this.#text.slice(last.start))?.[0] ?? '') : ''
    const lines = Object.entries(entries).map(
      ([key, value]) => `${indent}${tomlKey([...prefix, key])} = ${tomlText(value)}${this.#eol}`,
    )
    this.#splice(at, at, this.#closed(at) + lines.join(''))
  }

  #insertTable(path: Path, entries: TomlEntries): void {
    const lines = this.#lines(`[${tomlKey(path)}]`, entries)
    // Sub-tables may stand before the table that they are under, but nobody would look for it behind them.
    const below = this.#tablesAt(path)[0]
    if (below) {
      this.#splice(below.start, below.start, lines + this.#eol)
      return
    }
    const at = this.#placeBeside(path)
    const isSpaced = at >= this.#text.length || /^[ \t]*\r?\n/.test(this.#text.slice(at, at + 200))
    const last = this.#added.get(at)
    const first = at === 0 ? '' : this.#closed(at) + this.#eol
    const before = last ? (last.isSpaced ? this.#eol : '') : first
    this.#splice(at, at, before + lines + (isSpaced ? '' : this.#eol), true)
    this.#added.set(at, { isSpaced })
  }

  /** Behind the last table with the same parent, else at the end. */
  #placeBeside(path: Path): number {
    const parent = path.slice(0, -1)
    const last =
      parent.length === 0
        ? undefined
        : this.#tables.findLast((table) => same(table.path, parent) || isUnder(table.path, parent))
    return last?.end ?? this.#text.length
  }

  #lines(header: string, entries: TomlEntries): string {
    const pairs = Object.entries(entries).map(([key, value]) => `${tomlKey([key])} = ${tomlText(value)}`)
    return [header, ...pairs].map((line) => line + this.#eol).join('')
  }

  /** The end of line that a text lacks whose last line is open. */
  #closed(at: number): string {
    const before = this.#text[at - 1]
    return before === undefined || before === '\n' || before === '\uFEFF' ? '' : this.#eol
  }

  /** The users are lines of one table rather than tables: one more is a line too. */
  #listsInline(parent: Path): boolean {
    const table = this.#tables.find((each) => same(each.path, parent) && !each.isList)
    return (
      table !== undefined &&
      table.pairs.length > 0 &&
      !this.#tables.some((each) => isUnder(each.path, parent))
    )
  }

  /** The pair whose inline table `path` lies in. */
  #holder(path: Path): Piece | undefined {
    for (let length = path.length - 1; length > 0; length--) {
      const above = path.slice(0, length)
      // A whole first-level table as one pair can only stand at the top.
      const near = length === 1 ? this.#tables.slice(0, 1).flatMap(piecesOf) : this.#piecesAt(above)
      const found = near.find((piece) => same(piece.path, above))
      if (found) return found
    }
    return undefined
  }

  #inline(pair: PairSpan): InlinePart[] {
    return inlineParts(this.#text.slice(pair.valueStart, pair.valueEnd), pair.valueStart)
  }

  /** What of an inline table is at or under `path`, at any depth; `depth`: how much of the path its keys still spell. */
  #inlineAt({ pair, path: from }: Piece, path: Path) {
    let [parts, rest] = [this.#inline(pair), path.slice(from.length)]
    let range = { start: pair.valueStart, end: pair.valueEnd }
    for (;;) {
      const found = parts.filter(({ key }) => same(key, rest) || isUnder(key, rest))
      const deeper = parts.find(({ key }) => isUnder(rest, key))
      if (found.length > 0 || !deeper) return { found, parts, range, depth: rest.length }
      rest = rest.slice(deeper.key.length)
      range = deeper.value
      parts = inlineParts(this.#text.slice(range.start, range.end), range.start)
    }
  }

  /** @param isWhole the table at `path` is the pair's own value */
  #insertInline(holder: Piece, path: Path, entries: TomlEntries, isWhole = false): void {
    const place = isWhole ? holder.path : this.#deepest(holder, path)
    const range = this.#valueRange(place)
    const missing = path.slice(place.length)
    if (!range || this.#text[range.start] !== '{') throw new TomlEditError(place, 'is not a table')
    const parts = inlineParts(this.#text.slice(range.start, range.end), range.start)
    const last = parts.at(-1)
    const pairs =
      missing.length > 0 && Object.keys(entries).length !== 0 && !this.has(path)
        ? [`${tomlKey(missing)} = ${tomlText(entries)}`]
        : Object.entries(entries).map(([key, value]) => `${tomlKey([...missing, key])} = ${tomlText(value)}`)
    if (last) this.#splice(last.value.end, last.value.end, `, ${pairs.join(', ')}`)
    else this.#splice(range.start, range.end, `{ ${pairs.join(', ')} }`)
  }

  /** The longest beginning of `path` that is an inline table of its own. */
  #deepest(holder: Piece, path: Path): Path {
    for (let length = path.length; length > holder.path.length; length--) {
      const place = path.slice(0, length)
      const range = this.#valueRange(place)
      if (range && this.#text[range.start] === '{') return place
    }
    return holder.path
  }

  #removeInline(holder: Piece, path: Path): boolean {
    const { found, parts, range } = this.#inlineAt(holder, path)
    if (found.length === 0) return false
    const kept = parts.filter((part) => !found.includes(part))
    const texts = kept.map(({ start, value }) => this.#text.slice(start, value.end))
    this.#splice(range.start, range.end, texts.length === 0 ? '{}' : `{ ${texts.join(', ')} }`)
    return true
  }

  #tablesAt(path: Path): TableSpan[] {
    const near = path.length === 1 ? this.#tables : (this.#tablesBy.get(filed(path)) ?? [])
    return near.filter((table) => same(table.path, path) || isUnder(table.path, path))
  }

  #piecesAt(path: Path): Piece[] {
    const near =
      path.length < 2
        ? this.#tables.filter((table) => couldHold(table, path)).flatMap(piecesOf)
        : [
            ...(this.#shallowBy.get(filed(path)) ?? []),
            ...(this.#tablesBy.get(filed(path)) ?? []).flatMap(deepPieces),
          ]
    return near.filter((piece) => same(piece.path, path) || isUnder(piece.path, path))
  }
}

function piecesOf(table: TableSpan): Piece[] {
  return table.pairs.map((pair) => ({ table, pair, path: [...table.path, ...pair.key] }))
}

function couldHold(table: TableSpan, path: Path): boolean {
  return table.path.length === 0 || path.length === 0 || table.path[0] === path[0]
}

/** Those of the others are filed one by one. */
function deepPieces(table: TableSpan): Piece[] {
  return table.path.length < 2 ? [] : piecesOf(table)
}

function file<T>(by: Map<string, T[]>, path: Path, one: T): void {
  const name = filed(path)
  const known = by.get(name)
  if (known) known.push(one)
  else by.set(name, [one])
}

function filed(path: Path): string {
  return `${path[0]}\0${path[1]}`
}

function same(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index])
}

/** Really under it, not the same. */
function isUnder(path: Path, above: Path): boolean {
  return path.length > above.length && above.every((part, index) => part === path[index])
}
