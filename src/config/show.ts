import { asTable } from './cross-checks.ts'
import { KEY_ROWS, type KeyRow } from './keys.ts'
import type { Said } from './load.ts'
import { keyText } from './problem.ts'
import type { Value } from './toml.ts'

/** One value that is in force. */
export interface ShownKey {
  /** Dotted. */
  readonly key: string
  /** As the file says or would say it; of secrets only how they begin. */
  readonly value: unknown
  /** `portico.toml:12`, `plan basic (portico.toml:30)`, the name of an environment variable, or `default`. */
  readonly origin: string
}

type Path = readonly (string | number)[]

/** Every key that is said, and the default of every other that stands at a fixed place. */
export function shownKeys(said: Said): ShownKey[] {
  const rows = KEY_ROWS.filter((row) => !KEY_ROWS.some((other) => isUnder(other.path, row.path)))
  const fixed = rows.filter(({ path }) => !path.includes('*')).flatMap((row) => fixedKey(row, said))
  const named = rows.filter(({ path }) => path.includes('*') && path[0] !== 'users')
  const others = named.flatMap((row) => placesOf(said.tree, row.path).map((path) => keyAt(path, said)))
  return [...fixed, ...others, ...userKeys(rows, said)]
}

function fixedKey({ path, fallback }: KeyRow, said: Said): ShownKey[] {
  if (valueAt(said.tree, path) !== undefined) return [keyAt(path, said)]
  return fallback === undefined ? [] : [{ key: keyText(path), value: fallback, origin: 'default' }]
}

/** Own keys and those that come by the plan, user by user. */
function userKeys(rows: readonly KeyRow[], said: Said): ShownKey[] {
  const keys = rows.filter(({ path }) => path[0] === 'users')
  return Object.entries(asTable(said.tree.users)).flatMap(([name, user]) => {
    const own = keys.flatMap(({ path }) => placesOf(said.tree, ['users', name, ...path.slice(2)]))
    const given = asTable(user).plan
    const plan = typeof given === 'string' ? given : undefined
    const from = plan === undefined ? undefined : ['plans', plan]
    const inherited =
      from === undefined ? [] : keys.flatMap(({ path }) => placesOf(said.tree, [...from, ...path.slice(2)]))
    const lacking = inherited.filter((path) => !Object.hasOwn(asTable(user), String(path[2])))
    return [
      ...own.map((path) => keyAt(path, said)),
      ...lacking.map((path) => ({
        ...keyAt(path, said),
        key: keyText(['users', name, ...path.slice(2)]),
        origin: `plan ${plan} (${said.whereIs(path)})`,
      })),
    ]
  })
}

function keyAt(path: Path, said: Said): ShownKey {
  return { key: keyText(path), value: hidden(path, valueAt(said.tree, path)), origin: said.whereIs(path) }
}

/** The paths that exist for a path with `*`. */
function placesOf(tree: Value, pattern: readonly string[], before: Path = []): Path[] {
  const [part, ...rest] = pattern
  if (part === undefined) return [before]
  if (typeof tree !== 'object' || tree instanceof Date) return []
  const keys = part === '*' ? Object.keys(tree) : [part]
  return keys.flatMap((key) => {
    const value = (tree as Record<string, Value>)[key]
    return value === undefined
      ? []
      : placesOf(value, rest, [...before, Array.isArray(tree) ? Number(key) : key])
  })
}

function valueAt(tree: Value, path: Path): Value | undefined {
  let here: Value | undefined = tree
  for (const part of path) {
    if (typeof here !== 'object' || here instanceof Date) return undefined
    here = (here as Record<string | number, Value>)[part]
  }
  return here
}

/** What is shown may be pasted into a chat. */
function hidden(path: Path, value: Value | undefined): unknown {
  if (typeof value !== 'string') return value
  const last = path.at(-1)
  if (last === 'secret') return `${value.slice(0, 4)}…`
  return last === 'url' ? value.replace(/(\/\/[^:@/]*):[^@/]*@/, '$1:…@') : value
}

function isUnder(path: readonly string[], above: readonly string[]): boolean {
  return path.length > above.length && above.every((part, index) => part === path[index])
}
