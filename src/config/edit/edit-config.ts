import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Environment } from '../environment.ts'
import { readConfig } from '../load.ts'
import type { ConfigProblem } from '../problem.ts'
import { readText } from '../read-text.ts'
import type { Config } from '../schema.ts'
import { readToml } from '../toml.ts'
import { withFileLock } from './file-lock.ts'
import { type Replaced, ReplaceError, replaceFile } from './replace-file.ts'
import { TomlEdits } from './toml-edits.ts'
import { scanToml, TomlScanError } from './toml-scan.ts'
import { UserEdits } from './user-edits.ts'

/** Another editor's work takes milliseconds. */
const LOCK_PATIENCE = 10_000
/** How often an edit is made anew because somebody without our lock has written meanwhile. */
const ATTEMPTS = 5

export type Edited =
  /** `config` has the touched users only: the others were not read. */
  | { readonly ok: true; readonly config: Config; readonly written: readonly Written[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

export type Written = Replaced & { readonly file: string }

/**
 * Changes the users in the file at `path`, or in the users file that it names, in place. What would not be a valid
 * configuration is not written. `change` may be called again with what stands in the files by then.
 * @throws LockError, ReplaceError, TomlEditError, and what `change` throws
 */
export function editUsers(
  path: string,
  env: Environment,
  change: (users: UserEdits) => void,
): Promise<Edited> {
  return edit(path, env, (texts) => {
    const users = new UserEdits(texts.main.edits, texts.users?.edits)
    change(users)
    return users.touched
  })
}

/** The same for the configuration's own tables. */
export function editTables(
  path: string,
  env: Environment,
  change: (edits: TomlEdits) => void,
): Promise<Edited> {
  return edit(path, env, ({ main }) => {
    change(main.edits)
    return new Set()
  })
}

interface OpenText {
  /** As it is named. */
  readonly file: string
  readonly text: string
  readonly edits: TomlEdits
}

interface Texts {
  readonly main: OpenText
  readonly users: OpenText | undefined
}

async function edit(
  path: string,
  env: Environment,
  change: (texts: Texts) => ReadonlySet<string>,
): Promise<Edited> {
  const file = resolve(path)
  return withFileLock(realPath(file), LOCK_PATIENCE, () => {
    for (let attempt = 1; ; attempt++) {
      const result = editOnce(file, env, change)
      if (result !== 'changed_meanwhile') return result
      if (attempt === ATTEMPTS) {
        throw new ReplaceError(
          'not_written',
          file,
          `${file} is being written by another program again and again`,
        )
      }
    }
  })
}

function editOnce(
  file: string,
  env: Environment,
  change: (texts: Texts) => ReadonlySet<string>,
): Edited | 'changed_meanwhile' {
  const texts = readTexts(file)
  if (!('main' in texts)) return { ok: false, problems: texts.problems }
  const touched = change(texts)
  const after = { main: texts.main.edits.result(), users: texts.users?.edits.result() }
  const { users } = texts
  const check = (shorten: (text: string) => string) =>
    readConfig(shorten(after.main), file, env, (name) =>
      name === users?.file ? shorten(after.users ?? '') : readText(name),
    )
  let checked = check((text) => withoutOthers(text, touched))
  if (checked.ok && haveOthersSecrets(checked.config, touched, after)) checked = check((text) => text)
  if (!checked.ok) return { ok: false, problems: checked.problems }
  const changed = [
    { ...texts.main, after: after.main },
    ...(users ? [{ ...users, after: after.users ?? '' }] : []),
  ].filter((each) => each.after !== each.text)
  if (changed.some((each) => currentText(each.file) !== each.text)) return 'changed_meanwhile'
  const written = changed.map((each) => ({ file: each.file, ...write(each.file, each.after) }))
  return { ok: true, config: checked.config, written }
}

function readTexts(file: string): Texts | { problems: readonly ConfigProblem[] } {
  const text = readText(file)
  if (typeof text !== 'string') return { problems: [text] }
  const main = open(file, text)
  if ('problems' in main) return main
  const name = usersFileOf(main)
  if (name === undefined) return { main, users: undefined }
  const users = open(name, currentText(name))
  return 'problems' in users ? users : { main, users }
}

function open(file: string, text: string): OpenText | { problems: readonly ConfigProblem[] } {
  try {
    return { file, text, edits: new TomlEdits(text) }
  } catch (error) {
    if (!(error instanceof TomlScanError)) throw error
    const problems = readToml(text).problems.map((problem) => ({ source: file, ...problem }))
    return problems.length > 0
      ? { problems }
      : { problems: [{ source: file, key: '', message: error.message }] }
  }
}

function usersFileOf({ file, edits }: OpenText): string | undefined {
  const value = edits.valueText(['users_file'])
  if (value === undefined) return undefined
  const name = readToml(`users_file = ${value}`).tree.users_file
  return typeof name === 'string' && name !== '' ? resolve(dirname(file), name) : undefined
}

/**
 * The text with the tables of all other users blanked out, so that one among ten thousand is checked at the price of one;
 * lines keep their numbers. One of the others stays: without any user there is no configuration.
 */
function withoutOthers(text: string, touched: ReadonlySet<string>): string {
  const others = scanToml(text).filter(
    ({ path: [table, name] }) => table === 'users' && name !== undefined && !touched.has(name),
  )
  const kept = others[0]?.path[1]
  let [result, at] = ['', 0]
  for (const { path, start, end } of others) {
    if (path[1] === kept) continue
    result += text.slice(at, start) + text.slice(start, end).replace(/[^\n]+/g, '')
    at = end
  }
  return result + text.slice(at)
}

/** Whether a secret of those who were touched may stand elsewhere too: that alone needs a look at all the others. */
function haveOthersSecrets(
  { users }: Config,
  touched: ReadonlySet<string>,
  after: { main: string; users: string | undefined },
): boolean {
  if (touched.size === 0) return false
  const counts = new Map<string, number>()
  for (const text of [after.main, after.users ?? '']) {
    for (const [key] of text.matchAll(/[0-9a-fA-F]{32}/g)) {
      const lower = key.toLowerCase()
      counts.set(lower, (counts.get(lower) ?? 0) + 1)
    }
  }
  return [...touched].some((name) => {
    const user = users[name]
    const secrets = user === undefined ? [] : [user.secret, ...user.previous.map(({ secret }) => secret)]
    return secrets.some((secret) => (counts.get(secret) ?? 0) > 1)
  })
}

function currentText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** A users file that nobody has written yet is made for its owner's eyes only. @throws ReplaceError */
function write(file: string, text: string): Replaced {
  if (existsSync(file)) return replaceFile(realPath(file), text)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
    return { how: 'replaced' }
  } catch (error) {
    throw new ReplaceError('not_written', file, `${file} cannot be made: ${(error as Error).message}`)
  }
}

/** Where symbolic links lead: the link stays one. */
function realPath(file: string): string {
  try {
    return statSync(file) && realpathSync(file)
  } catch {
    return file
  }
}
