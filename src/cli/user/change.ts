import { randomBytes } from 'node:crypto'
import { asTable } from '../../config/cross-checks.ts'
import type { TomlValue } from '../../config/edit/toml-value.ts'
import type { UserEdits } from '../../config/edit/user-edits.ts'
import { parseInstant } from '../../config/instant.ts'
import { readToml } from '../../config/toml.ts'
import type { LeavingQuestion } from '../../control/answers.ts'
import { EXIT } from '../exit-codes.ts'
import { configPath } from '../open-config.ts'
import { askPortico } from '../running.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Assignment, AssignmentError, parseAssignment } from './assignment.ts'
import { performEdit } from './edit-users.ts'
import { printLinks, printNames } from './print-links.ts'
import { type Selection, selectedUsers } from './selection.ts'

type Common = Selection & { readonly json: boolean }

/** `portico user remove NAME … [--tag TAG] [--plan PLAN] [--drain 1h]` */
export async function removeUsers(
  options: Common & { readonly drain?: number | undefined },
  around: Surroundings,
): Promise<number> {
  const names = selectedUsers(options, around)
  if (typeof names === 'number') return names
  if (options.drain !== undefined) await announce(names, options.drain, options.config, around)
  const done = await performEdit(options.config, around, (users) => {
    for (const name of names) users.remove(name)
  })
  if (typeof done === 'number') return done
  return printNames(names, done, { json: options.json, said: 'is removed' }, around)
}

/** Before they vanish from the file, or the reload would cut them. */
async function announce(
  users: readonly string[],
  milliseconds: number,
  config: string | undefined,
  around: Surroundings,
): Promise<void> {
  const path = configPath(config, around)
  if (typeof path === 'number') return
  const question: LeavingQuestion = { users, milliseconds }
  const asked = await askPortico(path, around, 'leaving', question)
  if (asked.state === 'failed') around.stderr.write(`Their sessions are cut: ${asked.message}\n`)
}

/** `portico user rotate NAME … [--overlap 7d]` */
export async function rotateUsers(
  options: Common & { readonly overlap: number },
  around: Surroundings,
): Promise<number> {
  const names = selectedUsers(options, around)
  if (typeof names === 'number') return names
  const now = Date.now()
  const until = new Date(Math.ceil((now + options.overlap) / 1000) * 1000)
  const done = await performEdit(options.config, around, (users) => {
    for (const name of names) rotate(name, options.overlap > 0 ? until : undefined, now, users)
  })
  if (typeof done === 'number') return done
  return printLinks(names, done, options.json, around)
}

function rotate(name: string, until: Date | undefined, now: number, users: UserEdits): void {
  const old = users.textOf(name, 'secret')
  const secret = old === undefined ? undefined : readToml(`v = ${old}`).tree.v
  const still = until !== undefined && typeof secret === 'string' ? { secret, until } : undefined
  const fresh = randomBytes(16).toString('hex')
  if (haveEnded(users.textOf(name, 'previous'), now)) {
    users.set(name, { secret: fresh, previous: still && [still] })
    return
  }
  if (still) users.addPrevious(name, still.secret, still.until)
  users.set(name, { secret: fresh })
}

/** Whether a list of previous secrets can go: the time of each is over, and nobody has written a comment into it. */
function haveEnded(list: string | undefined, now: number): boolean {
  if (list === undefined || list.includes('#')) return false
  const { v } = readToml(`v = ${list}`).tree
  if (!Array.isArray(v)) return false
  const ends = v.map((each) => {
    const { until } = asTable(each)
    return parseInstant(until instanceof Date ? until.toISOString() : typeof until === 'string' ? until : '')
  })
  return ends.every((end) => end.ok && end.value <= now)
}

/** `portico user enable|disable NAME …` */
export async function enableUsers(enabled: boolean, options: Common, around: Surroundings): Promise<number> {
  const names = selectedUsers(options, around)
  if (typeof names === 'number') return names
  const done = await performEdit(options.config, around, (users) => {
    for (const name of names) users.set(name, { enabled })
  })
  if (typeof done === 'number') return done
  return printNames(names, done, { json: options.json, said: enabled ? 'is enabled' : 'is disabled' }, around)
}

/** `portico user set NAME … KEY=VALUE …` */
export async function setUsers(options: Common, around: Surroundings): Promise<number> {
  const { stderr } = around
  let keys: Assignment[]
  try {
    keys = options.words.filter((word) => word.includes('=')).map((word) => parseAssignment(word, Date.now))
  } catch (error) {
    if (!(error instanceof AssignmentError)) throw error
    stderr.write(`${error.message}\n`)
    return EXIT.usage
  }
  if (keys.length === 0) {
    stderr.write('Which keys? For example: portico user set alice sessions=20 quota.bytes="100 GiB"\n')
    return EXIT.usage
  }
  const names = selectedUsers(options, around)
  if (typeof names === 'number') return names
  const done = await performEdit(options.config, around, (users) => {
    for (const name of names) assign(name, keys, users)
  })
  if (typeof done === 'number') return done
  return printNames(names, done, { json: options.json, said: 'is changed' }, around)
}

function assign(name: string, keys: readonly Assignment[], users: UserEdits): void {
  const own: Record<string, TomlValue | undefined> = {}
  const tables = new Map<string, Record<string, TomlValue | undefined>>()
  for (const { path, value } of keys) {
    const [key = '', inner] = path
    if (inner === undefined) own[key] = value
    else tables.set(key, { ...tables.get(key), [inner]: value })
  }
  users.set(name, own)
  for (const [table, entries] of tables) users.setIn(name, table, entries)
}
