import type { Table } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import type { Rules } from './rules.ts'
import type { ReportLine } from './verdict.ts'

export const KINDS = ['mtg', 'mtg-multi', 'telemt', 'teleproxy', 'mtprotoproxy', 'official'] as const
export type Kind = (typeof KINDS)[number]

/** A proxy whose configuration can be read. */
export interface Peer {
  readonly kind: Kind
  readonly rules: Rules
  /** What the old proxy does when a key is absent, and portico would not; comes after the rules. */
  defaults(source: Table, draft: Draft): readonly ReportLine[]
}
