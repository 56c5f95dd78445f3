import { parseDuration } from '../../config/duration.ts'
import type { TomlEntries, TomlValue } from '../../config/edit/toml-value.ts'
import { valueReader } from '../../config/environment.ts'
import { KEY_ROWS } from '../../config/keys.ts'
import { nearest } from '../../config/nearest.ts'

/** One key of a user to be written; undefined: removed. */
export interface Assignment {
  /** `['quota', 'bytes']` */
  readonly path: readonly string[]
  readonly value: TomlValue | undefined
}

export class AssignmentError extends Error {
  readonly code = 'bad_assignment'
}

const OWN_COMMANDS: Readonly<Record<string, string>> = {
  previous: '"portico user rotate --overlap" writes it',
  secret: 'use --secret, or "portico user rotate" for a fresh one',
}

const ROWS = new Map(
  KEY_ROWS.filter(({ path }) => path[0] === 'users' && path.length > 2 && !path.slice(2).includes('*')).map(
    (row) => [row.path.slice(2).join('.'), row],
  ),
)

/** `sessions=20`, `quota.bytes=100 GiB`, `tags=a,b`, `note=`. @throws AssignmentError */
export function parseAssignment(word: string, now: () => number): Assignment {
  const at = word.indexOf('=')
  return assignment(word.slice(0, at).trim(), word.slice(at + 1), now)
}

/** @throws AssignmentError */
export function assignment(name: string, text: string, now: () => number): Assignment {
  const row = ROWS.get(name)
  const refusal = OWN_COMMANDS[name]
  if (refusal !== undefined) throw new AssignmentError(`${name}: ${refusal}`)
  if (row === undefined) {
    const meant = nearest(name, ROWS.keys())
    throw new AssignmentError(
      `${name} is no key of a user${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}`,
    )
  }
  const path = row.path.slice(2)
  if (text.trim() === '') return { path, value: undefined }
  if (name === 'quota') return { path, value: quotaOf(text) }
  if (name === 'expires') return { path, value: momentOf(text, now) }
  const below = [...ROWS.keys()].filter((key) => key.startsWith(`${name}.`))
  if (below.length > 0) throw new AssignmentError(`${name} is a table: set ${below.join(', ')}`)
  return { path, value: valueReader(row.core)(text.trim()) }
}

/** `100 GiB`, or `100 GiB/week`. */
function quotaOf(text: string): TomlEntries {
  const [bytes = '', period] = text.split('/').map((part) => part.trim())
  return period === undefined ? { bytes } : { bytes, period }
}

/** A moment, or how far away it is. What is neither the configuration's own check refuses. */
function momentOf(text: string, now: () => number): Date | string {
  const away = parseDuration(text)
  if (away.ok) return new Date(Math.ceil((now() + away.value) / 1000) * 1000)
  const moment = /\d[Tt ]\d.*(?:[Zz]|[+-]\d\d:\d\d)$/.test(text.trim()) ? new Date(text.trim()) : undefined
  return moment === undefined || Number.isNaN(moment.getTime()) ? text : moment
}

/** The keys of one user, as a table of TOML holds them. */
export function entriesOf(assignments: readonly Assignment[]): TomlEntries {
  const entries: Record<string, TomlValue> = {}
  for (const { path, value } of assignments) {
    const [key = '', inner] = path
    if (value === undefined) continue
    if (inner === undefined) entries[key] = value
    else entries[key] = { ...(entries[key] as TomlEntries | undefined), [inner]: value }
  }
  return entries
}
