import type { Table } from '../config/toml.ts'
import { mtg } from './mtg.ts'
import { mtgMulti } from './mtg-multi.ts'
import { mtprotoproxy } from './mtprotoproxy.ts'
import { official } from './official.ts'
import type { Kind, Peer } from './peer.ts'
import type { Rules } from './rules.ts'
import { valueAt } from './rules.ts'
import { telemt } from './telemt.ts'
import { teleproxy } from './teleproxy.ts'

export const PEERS: readonly Peer[] = [mtg, mtgMulti, telemt, teleproxy, mtprotoproxy, official]

/** In the order in which a tie is decided. */
const IN_TOML: readonly Peer[] = [mtg, mtgMulti, telemt, teleproxy]

export function peerOf(kind: Kind): Peer {
  return PEERS.find((peer) => peer.kind === kind) ?? mtg
}

/** Whose TOML this is: who knows most of its keys; undefined where nobody knows any. */
export function kindOfTree(tree: Table): Kind | undefined {
  const scores = IN_TOML.map(({ kind, rules }) => ({ kind, score: known(tree, rules) }))
  const best = scores.reduce((a, b) => (b.score > a.score ? b : a))
  return best.score > 0 ? best.kind : undefined
}

/** How many of the rules have something to say about it. */
function known(tree: Table, rules: Rules): number {
  return Object.keys(rules).filter((pattern) => {
    const fixed = pattern.split('.').filter((part) => !part.endsWith('*'))
    return fixed.length > 0 && valueAt(tree, fixedPart(pattern)) !== undefined
  }).length
}

/** Up to the first part that stands for several. */
function fixedPart(pattern: string): string[] {
  const parts = pattern.split('.')
  const open = parts.findIndex((part) => part.endsWith('*'))
  return open < 0 ? parts : parts.slice(0, open)
}

/** Whether some line assigns to a name of mtprotoproxy, which are all in capitals. */
export function looksLikePython(text: string): boolean {
  const names = Object.keys(mtprotoproxy.rules).map((pattern) => pattern.split('.')[0] ?? '')
  const exact = new Set(names.filter((name) => !name.includes('*')))
  return [...text.matchAll(/^([A-Z][A-Z0-9_]{2,40})[ \t]*=/gm)].some(([, name = '']) => exact.has(name))
}
