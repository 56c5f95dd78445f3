import { z } from 'zod'
import { NOT_YET } from './not-yet.ts'
import { schema } from './schema.ts'
import { forms } from './schema-values.ts'

/** One key of the configuration as documentation, environment and suggestions need it. */
export interface KeyRow {
  /** `users.*.secret`: `*` stands for a name or an index. */
  readonly path: readonly string[]
  readonly form: string
  readonly description: string
  /** The value as the file would say it; undefined: none. */
  readonly fallback: unknown
  /** Must be given wherever its table is. */
  readonly required: boolean
  /** The schema of its value without wrappers. */
  readonly core: z.core.$ZodType
}

interface Unwrapped {
  core: z.core.$ZodType
  form: string
  description: string
  fallback: unknown
  required: boolean
}

function unwrap(start: z.core.$ZodType): Unwrapped {
  const found: Unwrapped = { core: start, form: '', description: '', fallback: undefined, required: true }
  for (let here: z.core.$ZodType | undefined = start; here !== undefined; here = inner(here)) {
    found.core = here
    found.form ||= forms.get(here)?.form ?? ''
    found.description ||= z.globalRegistry.get(here)?.description ?? ''
    if (here instanceof z.ZodPrefault) found.fallback ??= here.def.defaultValue
    if (here instanceof z.ZodPrefault || here instanceof z.ZodOptional) found.required = false
  }
  return found
}

function inner(wrapper: z.core.$ZodType): z.core.$ZodType | undefined {
  if (wrapper instanceof z.ZodOptional || wrapper instanceof z.ZodPrefault) return wrapper.def.innerType
  if (wrapper instanceof z.ZodPipe) return wrapper.def.in
  return undefined
}

function walk(table: z.core.$ZodType, path: readonly string[]): KeyRow[] {
  if (!(table instanceof z.ZodObject)) return []
  return Object.entries(table.def.shape).flatMap(([name, value]) => {
    const here = [...path, name]
    const { core, form, description, fallback, required } = unwrap(value)
    const row = { path: here, form, description, fallback, required, core }
    return [row, ...below(core, here)]
  })
}

function below(core: z.core.$ZodType, path: readonly string[]): KeyRow[] {
  if (core instanceof z.ZodArray) return walk(unwrap(core.def.element).core, [...path, '*'])
  if (core instanceof z.ZodRecord) return walk(unwrap(core.def.valueType).core, [...path, '*'])
  return walk(core, path)
}

/** Every key of the schema, tables before what they hold, in the order of the schema. */
export const KEY_ROWS: readonly KeyRow[] = walk(schema, [])

/** Every path of the contract, those of later versions too, `*` for names and indexes. */
export const CONTRACT_PATHS: readonly (readonly string[])[] = [
  ...KEY_ROWS.map((row) => row.path),
  ...NOT_YET.map((row) => row.path.split('.')),
]

/** Names that may stand in the table at `path` (with real names and indexes). */
export function namesIn(path: readonly PropertyKey[]): Set<string> {
  const fits = CONTRACT_PATHS.filter(
    (each) =>
      each.length > path.length &&
      path.every((part, index) => each[index] === '*' || each[index] === String(part)),
  )
  return new Set(fits.map((each) => each[path.length] ?? '').filter((name) => name !== '*'))
}
