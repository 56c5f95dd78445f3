import type { IpList } from './parse-ip-list.ts'

/** A list that had so many entries is not believed to have become empty. */
const MANY_ENTRIES = 10

/** Why a new text of a list is not believed. */
export type Absurdity = 'empty' | 'html' | 'mostly_bad_lines' | 'no_entries'

/**
 * Whether somebody answered with something that is no list: an error page, an empty body, or a list that lost everything
 * it had. Such a text never replaces one that was good.
 *
 * @param entriesBefore 0 when there was none
 */
export function absurdity(text: string, list: IpList, entriesBefore: number): Absurdity | undefined {
  const start = text.trimStart()
  if (start === '') return 'empty'
  if (start.startsWith('<')) return 'html'
  if (list.badLines > list.entries) return 'mostly_bad_lines'
  if (list.entries === 0 && entriesBefore >= MANY_ENTRIES) return 'no_entries'
  return undefined
}
