/** What every value parser of this room returns: a value, or a sentence that follows `key: `. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string }

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function bad(message: string): { ok: false; message: string } {
  return { ok: false, message }
}
