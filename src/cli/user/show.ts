import type { UserAnswer, UserQuestion } from '../../control/answers.ts'
import { agoText, sizeText } from '../columns.ts'
import { EXIT } from '../exit-codes.ts'
import { openConfig } from '../open-config.ts'
import { askPortico } from '../running.ts'
import type { Surroundings } from '../surroundings.ts'
import { linkTarget, type UserLink, userLink } from '../user-link.ts'
import { noSuchUser } from './selection.ts'
import { type UserRow, usageOf } from './usage.ts'

export interface ShowOptions {
  readonly user: string
  readonly json: boolean
  readonly config?: string | undefined
}

/** `portico user show NAME [--json]` */
export async function showUser(options: ShowOptions, around: Surroundings): Promise<number> {
  const { stdout, stderr } = around
  const config = openConfig(options.config, around)
  if (typeof config === 'number') return config
  const { user: name } = options
  if (!Object.hasOwn(config.users, name)) {
    stderr.write(noSuchUser(name, Object.keys(config.users)))
    return EXIT.usage
  }
  const [{ rows, missing }, target, refused] = await Promise.all([
    usageOf([name], config, around),
    linkTarget(config, around),
    lately(name, config.file, around),
  ])
  if (missing !== undefined) stderr.write(`${missing}\n`)
  if (target.doubt !== undefined) stderr.write(`${target.doubt}\n`)
  const [row] = rows
  const link = userLink(config, name, target)
  if (!row || !link) return EXIT.bug
  const { previous, from, addresses, rate } = config.users[name]!
  const ends = previous
    .filter(({ until }) => until > Date.now())
    .map(({ until }) => new Date(until).toISOString())
  const more = { previousUntil: ends, from, addresses, rate, refused }
  stdout.write(
    options.json
      ? `${JSON.stringify({ ...row, ...more, link }, undefined, 2)}\n`
      : text(row, ends, refused, link),
  )
  return EXIT.ok
}

type Line = [key: string, value: string | undefined]
type Refused = UserAnswer['refused']

/** What a running portico remembers; empty where none runs. */
async function lately(name: string, path: string, around: Surroundings): Promise<Refused> {
  const question: UserQuestion = { name }
  const asked = await askPortico<UserAnswer>(path, around, 'user', question)
  return asked.state === 'answered' ? asked.answer.refused : []
}

function text(
  row: UserRow,
  previousUntil: readonly string[],
  refused: Refused,
  { tg, https }: UserLink,
): string {
  const now = Date.now()
  const lines: Line[] = [
    ['state', row.state],
    ['plan', row.plan],
    ['tags', row.tags.join(' ') || undefined],
    ['note', row.note],
    ['sessions', sessionsText(row)],
    ['used', `${sizeText(row.up)} up, ${sizeText(row.down)} down`],
    [
      'quota',
      row.quota && `${sizeText(row.quota.used)} of ${sizeText(row.quota.bytes)} (${row.quota.period})`,
    ],
    ['expires', row.expires],
    ['first seen', row.firstSeen],
    ['last seen', row.lastSeen && `${row.lastSeen} (${agoText(row.lastSeen, now)})`],
    ['came by', cameBy(row)],
    ['old secret', previousUntil.length === 0 ? undefined : `works until ${previousUntil.join(', ')}`],
    ...refused.map(
      ({ at, code, address }): Line => [
        'refused',
        `${code}, from ${address || 'a unix socket'}, ${agoText(at, now)}`,
      ],
    ),
    ['link', tg],
    ['', https],
  ]
  const shown = lines.flatMap(([key, value]) =>
    value === undefined ? [] : [`  ${key.padEnd(11)}${value}\n`],
  )
  return `${row.name}\n${shown.join('')}`
}

function sessionsText({ sessions, maxSessions }: UserRow): string | undefined {
  const most = maxSessions === undefined ? '' : ` of ${maxSessions}`
  return sessions === undefined ? undefined : `${sessions}${most}`
}

function cameBy({ lastName, lastListener, onOldLink }: UserRow): string | undefined {
  if (lastName === undefined) return undefined
  const where = lastListener === undefined ? '' : ` on ${lastListener}`
  return `${lastName}${where}${onOldLink ? ' (an old link: the present one has another name)' : ''}`
}
