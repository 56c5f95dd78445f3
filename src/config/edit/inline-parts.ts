import { type AST, parseTOML } from 'toml-eslint-parser'

/** One pair of an inline table, with its places in the text that the table stands in. */
export interface InlinePart {
  readonly key: readonly string[]
  readonly start: number
  readonly value: { readonly start: number; readonly end: number }
}

const BEFORE = 'v = '

/** The pairs of an inline table; none where the text is another value. @param offset of `text` in the whole */
export function inlineParts(text: string, offset: number): InlinePart[] {
  if (!text.startsWith('{')) return []
  const [pair] = parseTOML(BEFORE + text, { tomlVersion: '1.0' }).body[0].body
  if (pair?.type !== 'TOMLKeyValue' || pair.value.type !== 'TOMLInlineTable') return []
  const place = (at: number) => at - BEFORE.length + offset
  return pair.value.body.map((each) => ({
    key: each.key.keys.map(keyName),
    start: place(each.range[0]),
    value: { start: place(each.value.range[0]), end: place(each.value.range[1]) },
  }))
}

/** The elements of a list, as they are written. */
export function listItems(text: string): string[] {
  const whole = BEFORE + text
  const [pair] = parseTOML(whole, { tomlVersion: '1.0' }).body[0].body
  if (pair?.type !== 'TOMLKeyValue' || pair.value.type !== 'TOMLArray') return []
  return pair.value.elements.map(({ range }) => whole.slice(...range))
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}
