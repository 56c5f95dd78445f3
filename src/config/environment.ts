import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { KEY_ROWS } from './keys.ts'
import { NOT_YET } from './not-yet.ts'
import type { ConfigProblem } from './problem.ts'
import { keyText } from './problem.ts'
import type { Table, Value } from './toml.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'PORTICO_'
/** The user whose secret `PORTICO_SECRET` is. */
export const ENVIRONMENT_USER = 'default'

interface Setting {
  readonly path: readonly string[]
  read(text: string): Value
}

export interface Overrides {
  /** Dotted key → the variable that set it. */
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly string[]
}

/**
 * Lays `PORTICO_<TABLE>_<KEY>` over the tree of the file. An empty variable counts as absent: compose files and
 * unit files leave such behind.
 */
export function applyEnvironment(tree: Table, env: Environment): Overrides {
  const origins = new Map<string, string>()
  const problems: ConfigProblem[] = []
  const warnings: string[] = []
  for (const [name, text] of Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(PREFIX) || name === 'PORTICO_CONFIG' || text === undefined || text === '') continue
    if (isFromKubernetes(name, text)) continue
    const fromFile = ENVIRONMENT_SETTINGS.has(name)
      ? undefined
      : ENVIRONMENT_SETTINGS.get(name.replace(/_FILE$/, ''))
    const setting = ENVIRONMENT_SETTINGS.get(name) ?? fromFile
    if (setting === undefined) {
      warnings.push(`${name} in the environment is not a setting of portico`)
      continue
    }
    const value = fromFile === undefined ? { text } : readSecretFile(text)
    if ('message' in value) {
      problems.push({ source: name, key: keyText(setting.path), message: value.message })
      continue
    }
    put(tree, setting.path, setting.read(value.text))
    origins.set(keyText(setting.path), name)
  }
  return { origins, problems, warnings }
}

/** A service named "portico" puts these into every pod of its namespace (Kubernetes, "environment variables" of a Service). */
function isFromKubernetes(name: string, text: string): boolean {
  if (name === 'PORTICO_PORT') return /^(?:tcp|udp|sctp):\/\//.test(text)
  return name.startsWith('PORTICO_SERVICE_') || name.startsWith('PORTICO_PORT_')
}

function readSecretFile(path: string): { text: string } | { message: string } {
  try {
    return { text: readFileSync(path, 'utf8').trim() }
  } catch (error) {
    return { message: `cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'error'}` }
  }
}

function environmentSettings(): Map<string, Setting> {
  const settings = new Map<string, Setting>()
  for (const row of KEY_ROWS) {
    if (!row.path.includes('*') && !isTable(row.core)) add(settings, row.path, valueReader(row.core))
  }
  for (const row of NOT_YET) {
    if (!row.path.includes('*')) add(settings, row.path.split('.'), plainValue)
  }
  settings.set(`${PREFIX}SECRET`, { path: ['users', ENVIRONMENT_USER, 'secret'], read: (text) => text })
  return settings
}

function add(settings: Map<string, Setting>, path: readonly string[], read: (text: string) => Value): void {
  const name = `${PREFIX}${path.join('_').toUpperCase()}`
  if (!settings.has(name)) settings.set(name, { path, read })
}

function isTable(core: z.core.$ZodType): boolean {
  if (core instanceof z.ZodArray) return core.def.element instanceof z.ZodObject
  return core instanceof z.ZodObject || core instanceof z.ZodRecord
}

function plainValue(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}

/** How text from outside the file becomes a value as the file would write it: a number, a truth value, a list, or text. */
export function valueReader(core: z.core.$ZodType): (text: string) => Value {
  const kinds = core instanceof z.ZodUnion ? core.def.options : [core]
  const takes = (kind: typeof z.ZodNumber | typeof z.ZodBoolean | typeof z.ZodArray) =>
    kinds.some((each) => each instanceof kind)
  if (takes(z.ZodArray)) {
    return (text) =>
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '')
  }
  return takes(z.ZodNumber) || takes(z.ZodBoolean) ? plainValue : (text) => text
}

function put(tree: Table, path: readonly string[], value: Value): void {
  let here = tree
  for (const name of path.slice(0, -1)) {
    const next = here[name]
    const usable = typeof next === 'object' && !Array.isArray(next) && !(next instanceof Date)
    const table: Table = usable ? next : Object.create(null)
    here[name] = table
    here = table
  }
  here[path[path.length - 1] ?? ''] = value
}

/** Variable name → key, for every scalar or list of the contract that stands at a fixed place. */
export const ENVIRONMENT_SETTINGS: ReadonlyMap<string, Setting> = environmentSettings()
