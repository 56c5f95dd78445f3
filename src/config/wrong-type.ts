/** What is said of a value of the wrong kind. */
export function wrongType(input: unknown, expected: string): string {
  return input === undefined ? 'missing' : `expected ${expected}, got ${shown(input)}`
}

/** A value as a message repeats it. */
export function shown(input: unknown): string {
  if (typeof input === 'string') return JSON.stringify(input.length > 60 ? `${input.slice(0, 57)}…` : input)
  if (typeof input === 'number' || typeof input === 'boolean') return String(input)
  if (Array.isArray(input)) return 'a list'
  return input instanceof Date ? 'a date' : 'a table'
}
