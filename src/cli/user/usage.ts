import { periodStart } from '../../access/quota-period.ts'
import { limitsOf } from '../../access/user-limits.ts'
import type { Config, User } from '../../config/schema.ts'
import type { LiveUser } from '../../control/answers.ts'
import { usageFile } from '../../server/state-files.ts'
import { lookAtUsage } from '../../state/sqlite/look-at-usage.ts'
import { type PeriodQuestion, StoreError, type UserTotals } from '../../state/store.ts'
import { askPortico } from '../running.ts'
import type { Surroundings } from '../surroundings.ts'

const DAY_SECONDS = 86_400

export type UserState = 'enabled' | 'disabled' | 'expired' | 'over-quota'

/** One user as `list` and `show` tell it. Bytes; times ISO 8601. */
export interface UserRow {
  readonly name: string
  readonly state: UserState
  readonly plan: string | undefined
  readonly tags: readonly string[]
  readonly note: string | undefined
  /** Open now; undefined where portico is not running. */
  readonly sessions: number | undefined
  readonly maxSessions: number | undefined
  readonly up: number
  readonly down: number
  readonly quota: { readonly used: number; readonly bytes: number; readonly period: string } | undefined
  readonly expires: string | undefined
  readonly firstSeen: string | undefined
  readonly lastSeen: string | undefined
  /** Where the last session came in. */
  readonly lastListener: string | undefined
  readonly lastName: string | undefined
  /** The last session came by another name than that of the present link. */
  readonly onOldLink: boolean
}

export interface Usage {
  readonly rows: readonly UserRow[]
  /** Why the numbers are missing, for a person. */
  readonly missing: string | undefined
}

/** The users with what is kept of them, and with their open sessions where portico runs. */
export async function usageOf(
  names: readonly string[],
  config: Config,
  around: Pick<Surroundings, 'env'>,
): Promise<Usage> {
  const now = Math.floor(Date.now() / 1000)
  const [kept, live] = await Promise.all([lookUp(config, now), liveSessions(config, around)])
  const totals = new Map(kept.users.map((each) => [each.name, each]))
  const rows = names.map((name) =>
    rowOf(name, config, { now, totals: totals.get(name), used: kept.used.get(name), live }),
  )
  return { rows, missing: kept.missing }
}

interface Known {
  readonly now: number
  readonly totals: UserTotals | undefined
  readonly used: number | undefined
  readonly live: ReadonlyMap<string, number> | undefined
}

function rowOf(name: string, config: Config, { now, totals, used = 0, live }: Known): UserRow {
  const user = config.users[name]!
  const { quota } = user
  const seen = (seconds = 0) => (seconds === 0 ? undefined : iso(seconds * 1000))
  const ends = endOf(user, totals?.firstSeen ?? 0)
  return {
    name,
    state: stateOf(user, ends, now, used),
    plan: user.plan,
    tags: user.tags,
    note: user.note,
    sessions: live && (live.get(name) ?? 0),
    maxSessions: user.sessions,
    up: totals?.up ?? 0,
    down: totals?.down ?? 0,
    quota: quota && {
      used,
      bytes: quota.bytes,
      period: typeof quota.period === 'number' ? `${quota.period / 1000}s` : quota.period,
    },
    expires: ends === undefined ? undefined : iso(ends),
    firstSeen: seen(totals?.firstSeen),
    lastSeen: seen(totals?.lastSeen),
    lastListener: totals?.listener || undefined,
    lastName: totals?.domain || undefined,
    onOldLink: cameByAnotherName(user, totals?.domain ?? '', config),
  }
}

function stateOf({ enabled, quota }: User, ends: number | undefined, now: number, used: number): UserState {
  if (!enabled) return 'disabled'
  if (ends !== undefined && ends <= now * 1000) return 'expired'
  return quota !== undefined && used >= quota.bytes ? 'over-quota' : 'enabled'
}

/** Milliseconds since 1970. */
function endOf({ expires, lifetime }: User, firstSeen: number): number | undefined {
  const lived = lifetime === undefined || firstSeen === 0 ? undefined : firstSeen * 1000 + lifetime
  const ends = [expires, lived].filter((end) => end !== undefined)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** What is kept is the site that answered: `*.example.org` for every name under it. */
function cameByAnotherName({ domain }: User, last: string, { front }: Config): boolean {
  if (last === '') return false
  const name = domain ?? front.domain
  const wildcard = `*${name.slice(name.indexOf('.'))}`
  const exact = [front.domain, ...front.site.map((site) => site.domain)].includes(name)
  return last !== (exact ? name : wildcard)
}

async function lookUp(config: Config, now: number) {
  const questions = periodQuestions(config, now)
  const nothing = { users: [] as readonly UserTotals[], used: new Map<string, number>() }
  try {
    // Who came first is needed before it is known when a span began.
    const first = await lookAtUsage(usageFile(config.state.dir), [])
    if (first === undefined) return { ...nothing, missing: undefined }
    const seen = new Map(first.users.map(({ name, firstSeen }) => [name, firstSeen]))
    const asked = questions((name) => seen.get(name) ?? 0)
    const { periods = [] } = (await lookAtUsage(usageFile(config.state.dir), asked)) ?? {}
    const used = new Map(periods.map(({ name, up, down }) => [name, up + down]))
    for (const { name, up, down } of first.users) {
      if (config.users[name]?.quota?.period === 'never') used.set(name, up + down)
    }
    return { users: first.users, used, missing: undefined }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { ...nothing, missing: `what they have used cannot be read: ${error.message}` }
  }
}

function periodQuestions({ users, usage }: Config, now: number) {
  const offsetSeconds = usage.utc_offset / 1000
  return (firstSeen: (name: string) => number): PeriodQuestion[] =>
    Object.entries(users).flatMap(([name, user]) => {
      const quota = limitsOf({ ...user, from: [] }, () => ({ has: () => true }))?.quota
      const since = firstSeen(name)
      if (!quota || user.quota?.period === 'never' || (quota.period.kind === 'span' && since === 0)) return []
      const start = periodStart(quota.period, { nowSeconds: now, offsetSeconds, firstSeen: since })
      return [{ name, start, firstDay: Math.ceil((start + offsetSeconds) / DAY_SECONDS) }]
    })
}

async function liveSessions(
  config: Config,
  around: Pick<Surroundings, 'env'>,
): Promise<ReadonlyMap<string, number> | undefined> {
  const asked = await askPortico<readonly LiveUser[]>(config.file, around, 'users')
  if (asked.state !== 'answered') return undefined
  return new Map(asked.answer.map(({ name, sessions }) => [name, sessions]))
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
