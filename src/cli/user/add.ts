import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TomlEntries } from '../../config/edit/toml-value.ts'
import type { UserEdits } from '../../config/edit/user-edits.ts'
import { parseUserSecret } from '../../config/secret-text.ts'
import { EXIT } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Assignment, AssignmentError, assignment, entriesOf, parseAssignment } from './assignment.ts'
import { CsvError, parseCsv } from './csv.ts'
import { performEdit } from './edit-users.ts'
import { printLinks } from './print-links.ts'

export interface AddOptions {
  readonly words: readonly string[]
  readonly count?: number | undefined
  readonly csv?: string | undefined
  readonly secret?: string | undefined
  readonly plan?: string | undefined
  readonly tags: readonly string[]
  readonly json: boolean
  readonly config?: string | undefined
}

interface NewUser {
  readonly name: string
  readonly entries: TomlEntries
}

class AddError extends Error {}

/** `portico user add [NAME|KEY=VALUE …] [--count N] [--csv FILE] [--secret HEX] [--plan PLAN] [--tag TAG]` */
export async function addUsers(options: AddOptions, around: Surroundings): Promise<number> {
  const { stderr } = around
  const added: string[] = []
  let plan: (users: UserEdits) => NewUser[]
  try {
    plan = planned(options)
  } catch (error) {
    if (!(error instanceof AddError || error instanceof AssignmentError || error instanceof CsvError))
      throw error
    stderr.write(`${error.message}\n`)
    return EXIT.usage
  }
  const done = await performEdit(options.config, around, (users) => {
    added.length = 0
    for (const { name, entries } of plan(users)) {
      users.add(name, entries)
      added.push(name)
    }
  })
  if (typeof done === 'number') return done
  return printLinks(added, done, options.json, around)
}

/** What is to be added; which numbers are free is known only when the file is open. @throws AddError */
function planned(options: AddOptions): (users: UserEdits) => NewUser[] {
  const { words, count, csv, secret } = options
  const names = words.filter((word) => !word.includes('='))
  const common = commonKeys(options)
  if (csv !== undefined) {
    if (names.length > 0 || count !== undefined || secret !== undefined) {
      throw new AddError('--csv brings the names: it goes with neither names, --count nor --secret')
    }
    const rows = parseCsv(textOf(csv))
    const users = rows.map((row) => fromRow(row, common))
    return () => users
  }
  if (count !== undefined) {
    if (secret !== undefined || names.length > 1)
      throw new AddError('--count takes one name to number, and no --secret')
    return (users) => numbered(names[0] ?? 'user', count, users).map((name) => made(name, common, undefined))
  }
  if (names.length === 0) throw new AddError('Which users? Give names, --count or --csv.')
  if (secret !== undefined && names.length > 1) throw new AddError('--secret is for one user')
  const users = names.map((name) => made(name, common, secret))
  return () => users
}

function commonKeys({ words, plan, tags }: AddOptions): Assignment[] {
  const keys = words.filter((word) => word.includes('=')).map((word) => parseAssignment(word, Date.now))
  return [
    ...(plan === undefined ? [] : [{ path: ['plan'], value: plan }]),
    ...(tags.length === 0 ? [] : [{ path: ['tags'], value: tags }]),
    ...keys,
  ]
}

function fromRow(
  { name = '', secret = '', ...rest }: Record<string, string>,
  common: readonly Assignment[],
): NewUser {
  if (name === '') throw new CsvError('a row has no name')
  const own = Object.entries(rest).map(([key, text]) =>
    assignment(key, key === 'tags' ? text.replaceAll(/[;\s]+/g, ',') : text, Date.now),
  )
  return made(name, [...common, ...own], secret === '' ? undefined : secret)
}

function made(name: string, keys: readonly Assignment[], secret: string | undefined): NewUser {
  const parsed = secret === undefined ? undefined : parseUserSecret(secret)
  if (parsed && !parsed.ok) throw new AddError(`the secret of ${name} ${parsed.message}`)
  return { name, entries: { secret: parsed?.value ?? randomBytes(16).toString('hex'), ...entriesOf(keys) } }
}

/** `base-1`, `base-2` and so on, behind those that are there. */
function numbered(base: string, count: number, users: UserEdits): string[] {
  const taken = users.names().map((name) => (name.startsWith(`${base}-`) ? name.slice(base.length + 1) : ''))
  const numbers = taken.filter((rest) => /^\d{1,9}$/.test(rest)).map(Number)
  const first = numbers.reduce((most, number) => Math.max(most, number), 0) + 1
  return Array.from({ length: count }, (_, index) => `${base}-${first + index}`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CsvError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
}
