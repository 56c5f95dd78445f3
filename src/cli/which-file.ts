import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Surroundings } from './surroundings.ts'

export const SYSTEM_FILE = '/etc/portico/portico.toml'

export interface ChosenFile {
  /** Absolute. */
  readonly path: string
  readonly exists: boolean
  /** Every place looked at, in order. */
  readonly places: readonly string[]
}

/**
 * The configuration: the one that was named, else `PORTICO_CONFIG`, `./portico.toml`, the checkout's, the system's.
 * What was named is not searched for elsewhere; where none exists, the first place is where one would be made.
 */
export function whichFile(
  named: string | undefined,
  around: Pick<Surroundings, 'env' | 'cwd' | 'checkout'>,
): ChosenFile {
  const places = candidates(named, around)
  const found = places.find((place) => existsSync(place))
  return { path: found ?? places[0] ?? SYSTEM_FILE, exists: found !== undefined, places }
}

function candidates(
  named: string | undefined,
  { env, cwd, checkout }: Pick<Surroundings, 'env' | 'cwd' | 'checkout'>,
): string[] {
  const explicit = named ?? (env.PORTICO_CONFIG === '' ? undefined : env.PORTICO_CONFIG)
  if (explicit !== undefined) return [resolve(cwd, explicit)]
  return [...new Set([join(cwd, 'portico.toml'), join(checkout, 'portico.toml'), SYSTEM_FILE])]
}

/** Says that there is no configuration, and where one was looked for. */
export function noFile(places: readonly string[]): string {
  return `There is no configuration: looked for ${places.join(', ')}\n"portico run" makes the first one.\n`
}
