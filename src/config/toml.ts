import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { keyText } from './problem.ts'

/** A table of the file; without a prototype, so that no key can reach one. */
export interface Table {
  [key: string]: Value
}
export type Value = string | number | boolean | Date | Value[] | Table

/** 1-based line and column. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface SyntaxProblem extends Position {
  readonly key: string
  readonly message: string
}

export interface Document {
  readonly tree: Table
  /** Where the key of a path stands, else the nearest one above it that stands somewhere. */
  keyAt(path: readonly PropertyKey[]): Position
  /** Where the value of a path stands, else its key. */
  valueAt(path: readonly PropertyKey[]): Position
  readonly problems: readonly SyntaxProblem[]
}

/** Beyond this many syntax errors the rest is noise. */
export const MAX_SYNTAX_PROBLEMS = 20

/**
 * Reads TOML. The parser stops at the first error; the line it names is set aside and the rest read again, so that
 * one run reports everything. Never throws.
 */
export function readToml(text: string): Document {
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  const problems: SyntaxProblem[] = []
  for (let round = 0; ; round++) {
    const parsed = parseOnce(lines.join('\n'))
    if (!(parsed instanceof ParseError)) return document(parsed, problems)
    const index = culprit(lines, parsed)
    problems.push(syntaxProblem(parsed, lines, index))
    if (problems.length >= MAX_SYNTAX_PROBLEMS || !setAside(lines, index, round)) {
      return document(undefined, problems)
    }
  }
}

function parseOnce(text: string): AST.TOMLProgram | ParseError {
  try {
    return parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
}

/** Ends in `=`, in an open header, or in a list or table that was opened on it. */
const UNFINISHED = /=\s*(?:#.*)?$|^\s*\[[^\]]*$|=\s*(?:\[[^\]]*|\{[^}]*)$/

/** Index of the line at fault: the parser often notices at the start of the line after it. */
function culprit(lines: readonly string[], error: ParseError): number {
  const named = Math.min(Math.max(error.lineNumber - 1, 0), lines.length - 1)
  const before = (lines[named] ?? '').slice(0, error.column)
  if (before.trim() !== '') return named
  let above = named - 1
  while (above >= 0 && (lines[above] ?? '').trim() === '') above--
  return above >= 0 && UNFINISHED.test(lines[above] ?? '') ? above : named
}

/** A header is replaced by one of its own, lest its keys fall to the table above. False when nothing changed. */
function setAside(lines: string[], index: number, round: number): boolean {
  const line = lines[index] ?? ''
  const replacement = line.trimStart().startsWith('[') ? `[${SET_ASIDE}${round}]` : ''
  if (line === replacement) return false
  lines[index] = replacement
  return true
}

const SET_ASIDE = '__set_aside_'

function syntaxProblem(error: ParseError, lines: readonly string[], index: number): SyntaxProblem {
  const line = lines[index] ?? ''
  const noticedHere = index === error.lineNumber - 1
  const place = { line: index + 1, column: noticedHere ? error.column + 1 : line.trimEnd().length + 1 }
  if (error.message.startsWith('Defining a key multiple times')) {
    return { ...place, key: keyOnLine(lines, index), message: 'is defined twice' }
  }
  const unquoted = UNQUOTED.exec(line)
  if (unquoted !== null) {
    const key = keyOnLine(lines, index)
    const column = (unquoted[1] ?? '').length + 1
    return { line: index + 1, column, key, message: 'not TOML: text stands in quotes' }
  }
  return { ...place, key: '', message: `not TOML: ${plainMessage(error.message, line)}` }
}

/** A value that is neither quoted nor a number, date, truth value, list or table. */
const UNQUOTED =
  /^(\s*[\w.-]+\s*=\s*)(?!(?:true|false|inf|nan)\b|[+-]?[\d._:eTZ-]+\s*(?:#|$))[\w/.:*-]+[^"'[{]*$/

function plainMessage(message: string, line: string): string {
  if (/=\s*(?:#.*)?$/.test(line) || message.startsWith('Unspecified values')) return 'the value is missing'
  if (message.startsWith('The key, equals sign')) return 'the value is missing on this line'
  return message.charAt(0).toLowerCase() + message.slice(1)
}

function keyOnLine(lines: readonly string[], index: number): string {
  const line = lines[index] ?? ''
  const header = tableName(line)
  if (header !== undefined) return header
  const key = /^\s*([^=]*?)\s*=/.exec(line)?.[1] ?? ''
  for (let above = index - 1; above >= 0; above--) {
    const table = tableName(lines[above] ?? '')
    if (table !== undefined) return key === '' ? table : `${table}.${key}`
  }
  return key
}

function tableName(line: string): string | undefined {
  return /^\s*\[\[?\s*([^\]]*?)\s*\]/.exec(line)?.[1]
}

function document(program: AST.TOMLProgram | undefined, problems: SyntaxProblem[]): Document {
  const keys = new Map<string, Position>()
  const values = new Map<string, Position>()
  const tree: Table = Object.create(null)
  if (program !== undefined) readTable(program.body[0].body, [], tree, { keys, values, tree })
  const at = (map: Map<string, Position>, path: readonly PropertyKey[]): Position | undefined =>
    map.get(keyText(path))
  const keyAt = (path: readonly PropertyKey[]): Position => {
    for (let length = path.length; length > 0; length--) {
      const position = at(keys, path.slice(0, length)) ?? at(values, path.slice(0, length))
      if (position !== undefined) return position
    }
    return { line: 1, column: 1 }
  }
  return { tree, problems, keyAt, valueAt: (path) => at(values, path) ?? keyAt(path) }
}

interface Reading {
  readonly keys: Map<string, Position>
  readonly values: Map<string, Position>
  readonly tree: Table
}

type Path = readonly (string | number)[]

function readTable(
  body: readonly (AST.TOMLKeyValue | AST.TOMLTable)[],
  path: Path,
  into: Table,
  reading: Reading,
): void {
  for (const node of body) {
    if (node.type === 'TOMLTable') {
      if (String(node.resolvedKey[0]).startsWith(SET_ASIDE)) continue
      const target = descend(reading.tree, node.resolvedKey)
      mark(node.key.keys, node.resolvedKey.slice(), reading)
      readTable(node.body, node.resolvedKey, target, reading)
    } else {
      readPair(node, path, into, reading)
    }
  }
}

function readPair(node: AST.TOMLKeyValue, path: Path, into: Table, reading: Reading): void {
  const names = node.key.keys.map(keyName)
  const last = names.pop()
  if (last === undefined) return
  const table = descend(into, names)
  const whole = [...path, ...names, last]
  mark(node.key.keys, whole, reading)
  table[last] = readValue(node.value, whole, reading)
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}

/** The table at `names` below `start`, made where it is missing; an index of a list of tables is a name too. */
function descend(start: Table, names: readonly (string | number)[]): Table {
  let here: Value = start
  names.forEach((name, depth) => {
    const container = here as Table & Value[]
    const next = container[name as string & number]
    if (next !== undefined) {
      here = next
      return
    }
    const made: Value = typeof names[depth + 1] === 'number' ? [] : Object.create(null)
    container[name as string & number] = made as Table & Value[]
    here = made
  })
  return here
}

/** Remembers where each part of a dotted key stands; the first mention of a table counts. */
function mark(parts: readonly AST.HasLocs[], path: Path, reading: Reading): void {
  const named = path.length
  const last = parts[parts.length - 1]
  if (last === undefined) return
  const text = keyText(path)
  if (!reading.keys.has(text)) reading.keys.set(text, placeOf(last))
  let index = parts.length - 1
  for (let length = named - 1; length > 0 && index > 0; length--) {
    if (typeof path[length] === 'number') continue
    index--
    const above = keyText(path.slice(0, length))
    const part = parts[index]
    if (part !== undefined && !reading.keys.has(above)) reading.keys.set(above, placeOf(part))
  }
}

function placeOf(node: AST.HasLocs): Position {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 }
}

function readValue(node: AST.TOMLContentNode, path: Path, reading: Reading): Value {
  reading.values.set(keyText(path), placeOf(node))
  if (node.type === 'TOMLArray')
    return node.elements.map((each, index) => readValue(each, [...path, index], reading))
  if (node.type === 'TOMLInlineTable') {
    const table: Table = Object.create(null)
    for (const pair of node.body) readPair(pair, path, table, reading)
    return table
  }
  // Dates stay text: whether an offset was written decides what they mean.
  return 'datetime' in node ? node.datetime : node.value
}
