export type Loggable =
  | string
  | number
  | boolean
  | null
  | readonly Loggable[]
  | { readonly [key: string]: Loggable }
export type LoggableFields = Record<string, Loggable>

export const HIDDEN = '[hidden]'
export const MAX_LOGGED_STRING = 2_048
const MAX_ITEMS = 64
const MAX_DEPTH = 4

const SECRET_FIELD = /^(?:secrets?|previous_secret|keys?|links?|tokens?|passwords?)$/i
/** A secret inside a text: the query of a link, or what an error message quotes of one. */
const SECRET_IN_TEXT = /(secret=)[^&\s"']+/gi
/** pino writes these itself; a field of that name would stand twice in the line. */
const RESERVED = new Set(['level', 'time', 'event'])

/**
 * Fields as plain data that JSON and structured clone both take, bounded in size. The last guard for secrets: fields
 * that are named like one are hidden, and bytes are never shown.
 */
export function loggableFields(fields: object): LoggableFields {
  const plain: LoggableFields = {}
  for (const [name, value] of Object.entries(loggableObject(fields, 0))) {
    plain[RESERVED.has(name) ? `${name}_` : name] = value
  }
  return plain
}

export function loggableText(text: string): string {
  const short = text.length > MAX_LOGGED_STRING ? `${text.slice(0, MAX_LOGGED_STRING)}…` : text
  return short.replace(SECRET_IN_TEXT, `$1${HIDDEN}`)
}

function loggableObject(value: object, depth: number): LoggableFields {
  const plain: LoggableFields = {}
  for (const [name, inner] of Object.entries(value).slice(0, MAX_ITEMS)) {
    if (SECRET_FIELD.test(name)) plain[name] = HIDDEN
    else if (inner !== undefined && typeof inner !== 'function') plain[name] = loggable(inner, depth + 1)
  }
  return plain
}

function loggable(value: unknown, depth: number): Loggable {
  if (typeof value === 'string') return loggableText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'boolean' || value === null) return value
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  // Left are undefined and functions, as items of a list.
  if (typeof value !== 'object') return null
  if (value instanceof Error) return loggableError(value, depth)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (depth >= MAX_DEPTH) return '[…]'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => loggable(item, depth + 1))
  return loggableObject(value, depth)
}

/** An error that carries a code was expected by somebody; of any other the stack is what helps. */
function loggableError(error: Error, depth: number): LoggableFields {
  const plain: LoggableFields = { type: error.name, message: loggableText(error.message) }
  if ('code' in error && error.code !== undefined) plain.code = loggable(error.code, MAX_DEPTH)
  else if (error.stack !== undefined) plain.stack = loggableText(error.stack)
  if (error.cause !== undefined && depth < MAX_DEPTH) plain.cause = loggable(error.cause, depth + 1)
  return plain
}
