import { type InlinePart, inlineParts } from './inline-parts.ts'
import { type PairSpan, scanToml, type TableSpan } from './toml-scan.ts'

export type Path = readonly string[]

/** A pair of a table, and where it stands. */
export interface Piece {
  readonly table: TableSpan
  readonly pair: PairSpan
  /** Of the pair, from the top of the text. */
  readonly path: Path
}

export interface Range {
  readonly start: number
  readonly end: number
}

/** Where in one text what stands: tables, keys, and the parts of inline tables. */
export class TomlPlaces {
  readonly text: string
  readonly tables: readonly TableSpan[]
  /** By the first two parts of the path: whatever is edited lies that deep, and there may be tens of thousands. */
  readonly #tablesBy = new Map<string, TableSpan[]>()
  /** Of the tables that are not that deep, such as `[users]` with `alice = { … }`. */
  readonly #shallowBy = new Map<string, Piece[]>()

  /** @throws TomlScanError */
  constructor(text: string) {
    this.text = text
    this.tables = scanToml(text)
    for (const table of this.tables) {
      file(this.#tablesBy, table.path, table)
      if (table.path.length < 2) for (const piece of piecesOf(table)) file(this.#shallowBy, piece.path, piece)
    }
  }

  /** Names right under `path`, in the order in which they first stand there. */
  names(path: Path): string[] {
    const names = new Set<string>()
    for (const table of this.tables) {
      if (isUnder(table.path, path)) names.add(table.path[path.length]!)
      for (const pair of table.pairs) {
        const full = [...table.path, ...pair.key]
        if (isUnder(full, path)) names.add(full[path.length]!)
        else if (same(full, path)) for (const { key } of this.#inline(pair)) names.add(key[0]!)
      }
    }
    return [...names]
  }

  /** Whether anything stands at or under `path`. */
  has(path: Path): boolean {
    if (this.tablesAt(path).length > 0 || this.piecesAt(path).length > 0) return true
    const holder = this.holder(path)
    return holder !== undefined && this.inlineAt(holder, path).found.length > 0
  }

  /** Of the value at `path`; undefined where it is no single value. */
  valueRange(path: Path): Range | undefined {
    const exact = this.piecesAt(path).find((piece) => same(piece.path, path))
    if (exact) return { start: exact.pair.valueStart, end: exact.pair.valueEnd }
    const holder = this.holder(path)
    if (!holder) return undefined
    const { found, depth } = this.inlineAt(holder, path)
    return found.length === 1 && found[0]!.key.length === depth ? found[0]!.value : undefined
  }

  /** Behind the last table with the same parent, else at the end. */
  placeBeside(path: Path): number {
    const parent = path.slice(0, -1)
    const last =
      parent.length === 0
        ? undefined
        : this.tables.findLast((table) => same(table.path, parent) || isUnder(table.path, parent))
    return last?.end ?? this.text.length
  }

  /** The users are lines of one table rather than tables: one more is a line too. */
  listsInline(parent: Path): boolean {
    const table = this.tables.find((each) => same(each.path, parent) && !each.isList)
    return (
      table !== undefined && table.pairs.length > 0 && !this.tables.some((each) => isUnder(each.path, parent))
    )
  }

  /** The pair whose inline table `path` lies in. */
  holder(path: Path): Piece | undefined {
    for (let length = path.length - 1; length > 0; length--) {
      const above = path.slice(0, length)
      // A whole first-level table as one pair can only stand at the top.
      const near = length === 1 ? this.tables.slice(0, 1).flatMap(piecesOf) : this.piecesAt(above)
      const found = near.find((piece) => same(piece.path, above))
      if (found) return found
    }
    return undefined
  }

  #inline(pair: PairSpan): InlinePart[] {
    return inlineParts(this.text.slice(pair.valueStart, pair.valueEnd), pair.valueStart)
  }

  /** What of an inline table is at or under `path`, at any depth; `depth`: how much of the path its keys still spell. */
  inlineAt({ pair, path: from }: Piece, path: Path) {
    let [parts, rest] = [this.#inline(pair), path.slice(from.length)]
    let range = { start: pair.valueStart, end: pair.valueEnd }
    for (;;) {
      const found = parts.filter(({ key }) => same(key, rest) || isUnder(key, rest))
      const deeper = parts.find(({ key }) => isUnder(rest, key))
      if (found.length > 0 || !deeper) return { found, parts, range, depth: rest.length }
      rest = rest.slice(deeper.key.length)
      range = deeper.value
      parts = inlineParts(this.text.slice(range.start, range.end), range.start)
    }
  }

  /** The longest beginning of `path` that is an inline table of its own. */
  deepest(holder: Piece, path: Path): Path {
    for (let length = path.length; length > holder.path.length; length--) {
      const place = path.slice(0, length)
      const range = this.valueRange(place)
      if (range && this.text[range.start] === '{') return place
    }
    return holder.path
  }

  /** Tables at or under `path`, in the order of the text. */
  tablesAt(path: Path): TableSpan[] {
    const near = path.length === 1 ? this.tables : (this.#tablesBy.get(filed(path)) ?? [])
    return near.filter((table) => same(table.path, path) || isUnder(table.path, path))
  }

  /** Pairs at or under `path`, in whatever tables. */
  piecesAt(path: Path): Piece[] {
    const near =
      path.length < 2
        ? this.tables.filter((table) => couldHold(table, path)).flatMap(piecesOf)
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

export function same(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index])
}

/** Really under it, not the same. */
function isUnder(path: Path, above: Path): boolean {
  return path.length > above.length && above.every((part, index) => part === path[index])
}
