import { agoText, columns, sizeText } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { openConfig } from '../open-config.ts'
import type { Surroundings } from '../surroundings.ts'
import { matches } from './selection.ts'
import { type UserRow, type UserState, usageOf } from './usage.ts'

export interface ListOptions {
  readonly tags: readonly string[]
  readonly plan?: string | undefined
  readonly state?: UserState | undefined
  readonly onOldLink: boolean
  readonly sort: 'name' | 'used' | 'seen' | 'sessions'
  readonly json: boolean
  readonly config?: string | undefined
}

const RIGHT = new Set([2, 3, 4, 5])

/** `portico user list [--tag] [--plan] [--state] [--on-old-link] [--sort] [--json]` */
export async function listUsers(options: ListOptions, around: Surroundings): Promise<number> {
  const { stdout, stderr } = around
  const config = openConfig(options.config, around)
  if (typeof config === 'number') return config
  const names = Object.keys(config.users).filter((name) => matches(config.users[name]!, options))
  const { rows, missing } = await usageOf(names, config, around)
  if (missing !== undefined) stderr.write(`${missing}\n`)
  const shown = rows
    .filter(
      (row) =>
        (options.state === undefined || row.state === options.state) && (!options.onOldLink || row.onOldLink),
    )
    .toSorted(ORDERS[options.sort])
  stdout.write(options.json ? `${JSON.stringify(shown, undefined, 2)}\n` : table(shown))
  return EXIT.ok
}

const byName = (a: UserRow, b: UserRow) => (a.name < b.name ? -1 : 1)
const ORDERS = {
  name: byName,
  used: (a: UserRow, b: UserRow) => b.up + b.down - a.up - a.down || byName(a, b),
  seen: (a: UserRow, b: UserRow) => (b.lastSeen ?? '').localeCompare(a.lastSeen ?? '') || byName(a, b),
  sessions: (a: UserRow, b: UserRow) => (b.sessions ?? 0) - (a.sessions ?? 0) || byName(a, b),
}

function table(rows: readonly UserRow[]): string {
  const now = Date.now()
  const lines = rows.map((row) => [
    row.name,
    row.state,
    row.sessions === undefined ? '-' : String(row.sessions),
    sizeText(row.up),
    sizeText(row.down),
    row.quota === undefined ? '-' : `${sizeText(row.quota.used)} of ${sizeText(row.quota.bytes)}`,
    agoText(row.lastSeen, now),
    row.plan ?? '-',
    row.tags.join(' ') || '-',
  ])
  const heading = ['NAME', 'STATE', 'SESSIONS', 'UP', 'DOWN', 'QUOTA', 'SEEN', 'PLAN', 'TAGS']
  return columns([heading, ...lines], RIGHT)
}
