import { keyText } from '../config/problem.ts'
import type { Table, Value } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import { dropped, type ReportLine, type Verdict } from './verdict.ts'

type Path = readonly (string | number)[]

/** One key that is there, in the whole it stands in. */
export interface At {
  readonly path: Path
  readonly draft: Draft
  /** Another key of the same configuration. */
  get(path: string | Path): Value | undefined
}

/** What is done about a key; text: why it is not carried. */
export type Rule = string | Apply
export type Apply = (value: Value, at: At) => Verdict

/**
 * By the path of a key; `*` stands for any name or index, and `me_*` for every name that begins so. They are applied
 * in their own order, so that what others refer to comes first. A rule also covers what is below its path.
 */
export type Rules = Readonly<Record<string, Rule>>

/** Applies the rules to every key of `source`, and reports each one, in the order of the source. */
export function applyRules(source: Table, rules: Rules, draft: Draft): ReportLine[] {
  const verdicts = new Map<string, Verdict>()
  const get = (path: string | Path) => valueAt(source, typeof path === 'string' ? path.split('.') : path)
  for (const [pattern, rule] of Object.entries(rules)) {
    for (const { path, value } of matches(source, pattern.split('.'), [])) {
      const key = keyText(path)
      if (verdicts.has(key)) continue
      const verdict = typeof rule === 'string' ? dropped(rule) : rule(value, { path, draft, get })
      verdicts.set(key, verdict)
    }
  }
  return linesOf(source, [], verdicts)
}

function matches(
  here: Value | undefined,
  rest: readonly string[],
  path: Path,
): { path: Path; value: Value }[] {
  const [name, ...more] = rest
  if (here === undefined) return []
  if (name === undefined) return [{ path, value: here }]
  if (!isContainer(here)) return []
  return keysLike(here, name).flatMap((key) => matches(child(here, key), more, [...path, key]))
}

function keysLike(here: Table | Value[], name: string): (string | number)[] {
  if (Array.isArray(here)) return name === '*' ? here.map((_, index) => index) : []
  if (name.endsWith('*')) return Object.keys(here).filter((key) => key.startsWith(name.slice(0, -1)))
  return Object.hasOwn(here, name) ? [name] : []
}

function linesOf(here: Value, path: Path, verdicts: ReadonlyMap<string, Verdict>): ReportLine[] {
  const key = keyText(path)
  const verdict = verdicts.get(key)
  if (verdict !== undefined) return [{ key, ...verdict }]
  if (isContainer(here) && !isPlainList(here)) {
    const keys = Array.isArray(here) ? [...here.keys()] : Object.keys(here)
    return keys.flatMap((each) => linesOf(child(here, each) ?? '', [...path, each], verdicts))
  }
  return [{ key, outcome: 'unknown' }]
}

/** A list of values, not of tables: one key. */
function isPlainList(value: Table | Value[]): boolean {
  return Array.isArray(value) && !value.some(isTable)
}

export function isTable(value: Value | undefined): value is Table {
  return isContainer(value) && !Array.isArray(value)
}

function isContainer(value: Value | undefined): value is Table | Value[] {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

function child(here: Table | Value[], key: string | number): Value | undefined {
  return (here as Record<string | number, Value>)[key]
}

export function valueAt(source: Value, path: Path): Value | undefined {
  let here: Value | undefined = source
  for (const part of path) {
    if (!isContainer(here) || !Object.hasOwn(here, part)) return undefined
    here = child(here, part)
  }
  return here
}
