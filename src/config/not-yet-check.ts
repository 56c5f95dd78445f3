import { isDeepStrictEqual } from 'node:util'
import { namesIn } from './keys.ts'
import { nearest } from './nearest.ts'
import { NOT_YET, type NotYet } from './not-yet.ts'
import { schema } from './schema.ts'
import type { Table, Value } from './toml.ts'

export interface KeyFinding {
  readonly path: readonly (string | number)[]
  readonly message: string
  /** What the message is about; a key if not said. */
  readonly place?: 'value'
}

/** Reports the keys that only later versions honour and takes them out of the tree, so that the schema never meets them. */
export function refuseNotYet(tree: Table): KeyFinding[] {
  const findings: KeyFinding[] = []
  for (const row of NOT_YET) visit(tree, row.path.split('.'), [], row, findings)
  return [...findings, ...leftovers(tree)]
}

function visit(
  here: Value | undefined,
  rest: readonly string[],
  path: readonly (string | number)[],
  row: NotYet,
  findings: KeyFinding[],
): void {
  if (typeof here !== 'object' || here === null || here instanceof Date) return
  const [name, ...more] = rest
  if (name === undefined) return
  const container = here as Table
  for (const key of name === '*' ? Object.keys(container) : [name]) {
    const value = container[key]
    if (value === undefined) continue
    const at = [...path, Array.isArray(here) ? Number(key) : key]
    if (more.length > 0) visit(value, more, at, row, findings)
    else judge(container, key, value, at, row, findings)
  }
}

function judge(
  container: Table,
  key: string,
  value: Value,
  path: readonly (string | number)[],
  row: NotYet,
  findings: KeyFinding[],
): void {
  const plain = structuredClone(value)
  if (row.off?.some((each) => isDeepStrictEqual(each, plain)) !== true) {
    findings.push({ path, message: 'not in this version yet' })
  }
  delete container[key]
}

/** Tables that the schema does not know at all: what is left in them is in no version. */
function leftovers(tree: Table): KeyFinding[] {
  const findings: KeyFinding[] = []
  for (const name of Object.keys(tree)) {
    if (Object.hasOwn(schema.def.shape, name) || !NOT_YET.some((row) => row.path.startsWith(`${name}.`)))
      continue
    const table = tree[name]
    const keys =
      typeof table === 'object' && !Array.isArray(table) && !(table instanceof Date)
        ? Object.keys(table)
        : undefined
    if (keys === undefined) findings.push({ path: [name], message: 'expected a table' })
    for (const key of keys ?? [])
      findings.push({ path: [name, key], message: unknownKey(key, namesIn([name])) })
    delete tree[name]
  }
  return findings
}

export function unknownKey(key: string, known: Iterable<string>): string {
  const meant = nearest(key, known)
  return meant === undefined ? 'unknown key' : `unknown key; did you mean ${JSON.stringify(meant)}?`
}
