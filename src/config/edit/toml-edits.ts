import { asTable } from '../cross-checks.ts'
import { readToml, type Table } from '../toml.ts'
import { inlineParts, listItems } from './inline-parts.ts'
import { type Path, type Piece, same, TomlPlaces } from './toml-places.ts'
import type { TableSpan } from './toml-scan.ts'
import { type TomlEntries, type TomlValue, tomlKey, tomlText } from './toml-value.ts'

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

/**
 * Edits of one text, each of the range of one table; all that is not named stays byte for byte: comments, order, layout. They
 * are collected and applied together, so they must not name the same key twice. Comments go only with what they stand in:
 * behind a removed key on its line, or between the first and the last key of a removed table.
 */
export class TomlEdits {
  readonly #eol: string
  #places: TomlPlaces
  #splices: Splice[] = []
  /** Where a table was put, and whether it brought the blank line behind it. */
  readonly #added = new Map<number, { isSpaced: boolean }>()

  /** @throws TomlScanError */
  constructor(text: string) {
    this.#eol = /\r?\n/.exec(text)?.[0] ?? '\n'
    this.#places = new TomlPlaces(text)
  }

  /** What was collected is done, and what comes next begins with the text as it is then. */
  #renew(): void {
    this.#places = new TomlPlaces(this.result())
    this.#splices = []
    this.#added.clear()
  }

  /** Names right under `path`, in the order in which they first stand there. */
  names(path: Path): string[] {
    return this.#places.names(path)
  }

  has(path: Path): boolean {
    return this.#places.has(path)
  }

  /** A table that is not there yet, behind the last one beside it. @throws TomlEditError where it is there */
  addTable(path: Path, entries: TomlEntries): void {
    this.#settle(path)
    if (this.has(path)) throw new TomlEditError(path, 'is there already')
    const parent = path.slice(0, -1)
    const holder = this.#places.holder(path)
    if (holder) this.#insertInline(holder, path, entries)
    else if (this.#places.listsInline(parent)) this.#insertKeys(parent, { [path.at(-1)!]: entries })
    else this.#insertTable(path, entries)
  }

  /** Everything at and under `path`. False: there was nothing. */
  remove(path: Path): boolean {
    this.#settle(path)
    const tables = this.#places.tablesAt(path)
    for (const table of tables) this.#cut(table.start, table.end)
    const inTables = new Set(tables)
    const pieces = this.#places.piecesAt(path).filter(({ table }) => !inTables.has(table))
    for (const { pair } of pieces) this.#splice(pair.start, pair.end, '')
    if (tables.length > 0 || pieces.length > 0) return true
    const holder = this.#places.holder(path)
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
    const lists = this.#places.tablesAt(path).filter((table) => same(table.path, path))
    const last = this.#places.tablesAt(path).at(-1)
    if (lists.length > 0 && last) {
      const lines = this.#lines(`[[${tomlKey(path)}]]`, item)
      this.#splice(last.end, last.end, this.#closed(last.end) + this.#eol + lines, true)
      return
    }
    const range = this.#places.valueRange(path)
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
    if (this.#splices.length > 0) this.#renew()
    const removed = this.#removeItems(path, matches)
    // What comes next may be put where these were.
    if (removed > 0) this.#renew()
    return removed
  }

  #removeItems(path: Path, matches: (item: Table) => boolean): number {
    const tables = this.#places.tablesAt(path).filter((table) => table.isList && same(table.path, path))
    const gone = tables.filter(({ bodyStart, end }) =>
      matches(readToml(this.#text.slice(bodyStart, end)).tree),
    )
    for (const { start, end } of gone) this.#cut(start, end)
    const range = tables.length === 0 ? this.#places.valueRange(path) : undefined
    if (!range) return gone.length
    const items = listItems(this.#text.slice(range.start, range.end))
    const kept = items.filter((item) => !matches(asTable(readToml(`v = ${item}`).tree.v)))
    if (kept.length < items.length) this.#splice(range.start, range.end, `[${kept.join(', ')}]`)
    return items.length - kept.length
  }

  /** The text of a value as it stands; undefined where it is no single value. */
  valueText(path: Path): string | undefined {
    const range = this.#places.valueRange(path)
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
    if (this.#splices.length > 0 && this.#places.holder(path)) this.#renew()
  }

  get #text(): string {
    return this.#places.text
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
    const range = this.#places.valueRange(path)
    if (!range) return false
    this.#splice(range.start, range.end, tomlText(value))
    return true
  }

  /** New keys in the table at `path`: where its header is, or beside its dotted keys, or under a header of their own. */
  #insertKeys(path: Path, entries: TomlEntries): void {
    const whole = this.#places.piecesAt(path).find((piece) => same(piece.path, path))
    const holder = whole ?? this.#places.holder(path)
    if (holder) {
      this.#insertInline(holder, path, entries, whole !== undefined)
      return
    }
    const table =
      path.length === 0
        ? this.#places.tables[0]
        : this.#places.tablesAt(path).find((each) => same(each.path, path))
    if (table?.isList) throw new TomlEditError(path, 'is a list of tables')
    if (table) {
      this.#insertLines(table, table.end, entries, [])
      return
    }
    const beside = this.#places.piecesAt(path).at(-1)
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
    const below = this.#places.tablesAt(path)[0]
    if (below) {
      this.#splice(below.start, below.start, lines + this.#eol)
      return
    }
    const at = this.#places.placeBeside(path)
    const isSpaced = at >= this.#text.length || /^[ \t]*\r?\n/.test(this.#text.slice(at, at + 200))
    const last = this.#added.get(at)
    const first = at === 0 ? '' : this.#closed(at) + this.#eol
    const before = last ? (last.isSpaced ? this.#eol : '') : first
    this.#splice(at, at, before + lines + (isSpaced ? '' : this.#eol), true)
    this.#added.set(at, { isSpaced })
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

  /** @param isWhole the table at `path` is the pair's own value */
  #insertInline(holder: Piece, path: Path, entries: TomlEntries, isWhole = false): void {
    const place = isWhole ? holder.path : this.#places.deepest(holder, path)
    const range = this.#places.valueRange(place)
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

  #removeInline(holder: Piece, path: Path): boolean {
    const { found, parts, range } = this.#places.inlineAt(holder, path)
    if (found.length === 0) return false
    const kept = parts.filter((part) => !found.includes(part))
    const texts = kept.map(({ start, value }) => this.#text.slice(start, value.end))
    this.#splice(range.start, range.end, texts.length === 0 ? '{}' : `{ ${texts.join(', ')} }`)
    return true
  }
}
