/** What an edit can write. A Date is a moment, written with its offset. */
export type TomlValue = string | number | boolean | Date | readonly TomlValue[] | TomlEntries
export interface TomlEntries {
  readonly [key: string]: TomlValue
}

const BARE = /^[A-Za-z0-9_-]+$/

/** On one line, as an operator would write it. */
export function tomlText(value: TomlValue): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z')
  if (isList(value)) return `[${value.map(tomlText).join(', ')}]`
  const pairs = Object.entries(value).map(([key, each]) => `${tomlKey([key])} = ${tomlText(each)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

export function tomlKey(path: readonly string[]): string {
  return path.map((part) => (BARE.test(part) ? part : quoted(part))).join('.')
}

/** A basic string. What TOML cannot hold (half of a surrogate pair) becomes U+FFFD. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll('\u007f', '\\u007f')
}

function isList(value: TomlValue): value is readonly TomlValue[] {
  return Array.isArray(value)
}
