import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'

/** What is wrong with the folder that built-in sites serve, as far as it can be seen without the network. */
export type RootTrouble = 'missing' | 'no_index'

export function rootTrouble({ front: { root } }: Config): RootTrouble | undefined {
  if (root === undefined) return undefined
  if (!found(root)?.isDirectory()) return 'missing'
  return found(join(root, 'index.html'))?.isFile() ? undefined : 'no_index'
}

function found(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    // Not there, or behind a folder that this user may not enter.
    return undefined
  }
}

/** Of `front.root`, which only a built-in site serves. Where an address is left out only a lookup tells whether there is one. */
export function rootWarnings({ front }: Config, trouble: RootTrouble | undefined): string[] {
  const { root } = front
  if (root === undefined) return []
  const addresses = [front, ...front.site].map(({ address }) => address)
  if (addresses.every((address) => address !== undefined && address !== 'built-in')) return [NOT_USED]
  if (trouble === undefined) return []
  const what =
    trouble === 'missing'
      ? 'is no folder, or cannot be read: every page of the built-in site is "404 Not Found"'
      : 'has no index.html: the first page of the built-in site is "404 Not Found"'
  return [`front.root ${root} ${what}. Put the site there, or correct front.root.`]
}

/** What a lookup adds to that. @param builtIn the sites that are portico's own */
export function lookedUpRootWarnings(config: Config, builtIn: readonly string[]): string[] {
  const isUsed = config.front.root === undefined || builtIn.length > 0
  const isSaid = rootWarnings(config, undefined).length > 0
  return isUsed || isSaid ? [] : [NOT_USED]
}

const NOT_USED =
  'front.root is not used: only a built-in site serves it, and there is none. Set the address of a site to "built-in", or remove front.root.'
