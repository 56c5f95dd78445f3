import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

type Plain = Readonly<Record<string, unknown>>

/** Where a configuration was read is no setting. */
const NOT_SETTINGS = new Set(['file', 'dir'])

/** The keys in which two configurations differ, to the depth of `front.domain` and `users.alice`. */
export function whatChanged(before: Config, after: Config): string[] {
  return changedKeys(before, after)
    .filter((key) => !NOT_SETTINGS.has(key))
    .flatMap((key) => {
      const [old, now] = [(before as Plain)[key], (after as Plain)[key]]
      return isTable(old) && isTable(now) ? changedKeys(old, now).map((inner) => `${key}.${inner}`) : [key]
    })
}

function changedKeys(before: object, after: object): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].filter((key) => !isDeepStrictEqual((before as Plain)[key], (after as Plain)[key]))
}

function isTable(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
