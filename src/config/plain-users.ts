import { type PairSpan, scanToml, type TableSpan, TomlScanError } from './edit/toml-scan.ts'

/** A table `[users.NAME]` of plain keys, as places in the text. */
export interface PlainUser {
  readonly name: string
  /** Where the word `users` and the name stand in the header. */
  readonly usersAt: number
  readonly nameAt: number
  readonly pairs: readonly PlainPair[]
}

export interface PlainPair {
  readonly key: string
  readonly keyAt: number
  readonly valueAt: number
  /** Of the value, TOML. */
  readonly text: string
}

export interface PlainUsers {
  /** The text without those tables; lines keep their numbers. */
  readonly rest: string
  readonly users: readonly PlainUser[]
  /** All users in the order of the text. */
  readonly order: readonly string[]
}

const HEADER = /^[ \t]*\[[ \t]*(users)[ \t]*\.[ \t]*([A-Za-z0-9_-]+)[ \t]*\]/d
const BARE_KEY = /^[A-Za-z0-9_-]+/
/** What TOML forbids outside of texts too: the parser shall say so. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n)/

/**
 * Ten thousand users take the parser a second and a hundred megabytes, and nearly all of them are tables of plain keys, which
 * a look at the places suffices for. Undefined where the text is nothing of the kind: then the parser has all of it.
 * @param fewest tables that are worth it
 */
export function takePlainUsers(text: string, fewest: number): PlainUsers | undefined {
  const tables = scanned(text)
  if (!tables) return undefined
  const order = new Map<string, number>()
  for (const name of tables.flatMap(namesOf)) order.set(name, (order.get(name) ?? 0) + 1)
  if (order.has('')) return undefined
  const plain = tables.flatMap((table) => {
    const user = plainUser(text, table)
    return user && order.get(user.name) === 1 ? [{ table, user }] : []
  })
  if (plain.length < fewest) return undefined
  let [rest, at] = ['', 0]
  for (const { table } of plain) {
    rest += text.slice(at, table.start) + text.slice(table.start, table.end).replace(/[^\n]+/g, '')
    at = table.end
  }
  return { rest: rest + text.slice(at), users: plain.map(({ user }) => user), order: [...order.keys()] }
}

function scanned(text: string): TableSpan[] | undefined {
  try {
    return scanToml(text)
  } catch (error) {
    if (error instanceof TomlScanError) return undefined
    throw error
  }
}

/** Whom a table is about; an empty name where all users stand in one value or list. */
function namesOf({ path, isList, pairs }: TableSpan): string[] {
  if (path.length === 0) {
    return pairs.flatMap(({ key }) => (key[0] === 'users' ? [key[1] ?? ''] : []))
  }
  if (path[0] !== 'users') return []
  const [, name] = path
  if (name !== undefined) return [name]
  return isList ? [''] : pairs.map(({ key }) => key[0]!)
}

function plainUser(text: string, table: TableSpan): PlainUser | undefined {
  const { path, isList, start, end, pairs } = table
  if (isList || path.length !== 2 || path[0] !== 'users') return undefined
  const whole = text.slice(start, end)
  const places = HEADER.exec(whole)?.indices
  const [, users, name] = places ?? []
  if (!users || !name || FORBIDDEN.test(whole)) return undefined
  const keys = pairs.map((pair) => plainPair(text, pair))
  const known = new Set(keys.map((pair) => pair?.key))
  if (known.has(undefined) || known.size < keys.length) return undefined
  return {
    name: path[1]!,
    usersAt: start + users[0],
    nameAt: start + name[0],
    pairs: keys.filter((pair) => pair !== undefined),
  }
}

function plainPair(text: string, { key, start, valueStart, valueEnd }: PairSpan): PlainPair | undefined {
  const [name = '', ...more] = key
  const line = text.slice(start, valueStart)
  const keyAt = start + line.length - line.trimStart().length
  if (more.length > 0 || BARE_KEY.exec(text.slice(keyAt, valueStart))?.[0] !== name) return undefined
  return { key: name, keyAt, valueAt: valueStart, text: text.slice(valueStart, valueEnd) }
}
