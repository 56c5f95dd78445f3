import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { type PlainPair, type PlainUsers, takePlainUsers } from './plain-users.ts'
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

/** From so many plain users on they are read beside the parser. */
const MANY_USERS = 50

/**
 * Reads TOML. The parser stops at the first error; the line it names is set aside and the rest read again, so that
 * one run reports everything. Never throws.
 * @param manyUsers plain tables of users from which on the parser is spared them
 */
export function readToml(text: string, manyUsers = MANY_USERS): Document {
  const whole = text.replace(/^\uFEFF/, '')
  const taken = whole.length > manyUsers * SHORTEST_USER ? takePlainUsers(whole, manyUsers) : undefined
  return readLines((taken?.rest ?? whole).split('\n'), taken && { text: whole, taken })
}

/** `[users.a]` with a secret. */
const SHORTEST_USER = 40

interface Beside {
  readonly text: string
  readonly taken: PlainUsers
}

function readLines(lines: string[], beside: Beside | undefined): Document {
  const problems: SyntaxProblem[] = []
  for (let round = 0; ; round++) {
    const parsed = parseOnce(lines.join('\n'))
    if (!(parsed instanceof ParseError)) return document(parsed, problems, beside)
    const index = culprit(lines, parsed)
    problems.push(syntaxProblem(parsed, lines, index))
    if (problems.length >= MAX_SYNTAX_PROBLEMS || !setAside(lines, index, round)) {
      return document(undefined, problems, beside)
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

function document(
  program: AST.TOMLProgram | undefined,
  problems: SyntaxProblem[],
  beside: Beside | undefined,
): Document {
  const keys = new Map<string, Position>()
  const values = new Map<string, Position>()
  const tree: Table = Object.create(null)
  const reading = { keys, values, tree }
  if (program !== undefined) readTable(program.body[0].body, [], tree, reading)
  if (beside) readBeside(beside, reading, problems)
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

/** The users that the parser was spared, into their places among the others. */
function readBeside({ text, taken }: Beside, reading: Reading, problems: SyntaxProblem[]): void {
  const { tree, keys } = reading
  const place = placesIn(text)
  const parsed = (tree.users ?? Object.create(null)) as Table
  const plain = new Map<string, Table>()
  for (const { name, usersAt, nameAt, pairs } of taken.users) {
    const first = place(usersAt)
    const known = keys.get('users')
    if (!known || known.line > first.line) keys.set('users', first)
    keys.set(keyText(['users', name]), place(nameAt))
    const table: Table = Object.create(null)
    plain.set(name, table)
    for (const pair of pairs) readPlain(pair, ['users', name, pair.key], table, reading, problems, place)
  }
  const users: Table = Object.create(null)
  for (const name of [...taken.order, ...Object.keys(parsed)]) {
    const user = plain.get(name) ?? parsed[name]
    if (user !== undefined) users[name] = user
  }
  tree.users = users
}

const PLAIN_TEXT = /^"([^"\\]*)"$/
const PLAIN_NUMBER = /^(?:0|[1-9]\d{0,14})$/

function readPlain(
  { key, keyAt, valueAt, text }: PlainPair,
  path: Path,
  table: Table,
  reading: Reading,
  problems: SyntaxProblem[],
  place: (offset: number) => Position,
): void {
  const name = keyText(path)
  reading.keys.set(name, place(keyAt))
  reading.values.set(name, place(valueAt))
  const quoted = text.startsWith('"""') ? undefined : PLAIN_TEXT.exec(text)?.[1]
  if (quoted !== undefined) table[key] = quoted
  else if (text === 'true' || text === 'false') table[key] = text === 'true'
  else if (PLAIN_NUMBER.test(text)) table[key] = Number(text)
  else readOther(text, path, table, reading, problems, place(valueAt))
}

const BEFORE_VALUE = 'v = '

/** Lists, tables, dates and what has escapes: the parser reads them alone. */
function readOther(
  text: string,
  path: Path,
  table: Table,
  reading: Reading,
  problems: SyntaxProblem[],
  at: Position,
): void {
  const lines = `${BEFORE_VALUE}${text}`.split('\n')
  const parsed = parseOnce(lines.join('\n'))
  const moved = ({ line, column }: Position): Position => ({
    line: line + at.line - 1,
    column: line === 1 ? column - BEFORE_VALUE.length + at.column - 1 : column,
  })
  if (parsed instanceof ParseError) {
    const problem = syntaxProblem(parsed, lines, culprit(lines, parsed))
    problems.push({ ...problem, ...moved(problem), key: keyText(path) })
    return
  }
  const [pair] = parsed.body[0].body
  if (pair?.type !== 'TOMLKeyValue') return
  const inner: Reading = { keys: new Map(), values: new Map(), tree: reading.tree }
  table[String(path.at(-1))] = readValue(pair.value, path, inner)
  for (const by of ['keys', 'values'] as const) {
    for (const [name, position] of inner[by]) reading[by].set(name, moved(position))
  }
}

/** Line and column of offsets that are asked for in rising order, or nearly. */
function placesIn(text: string): (offset: number) => Position {
  let [line, start] = [1, 0]
  return (offset) => {
    if (offset < start) [line, start] = [1, 0]
    for (let end = text.indexOf('\n', start); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
      line++
      start = end + 1
    }
    return { line, column: offset - start + 1 }
  }
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
