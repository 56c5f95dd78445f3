import { type Edited, editUsers, type Written } from '../../config/edit/edit-config.ts'
import { LockError } from '../../config/edit/file-lock.ts'
import { ReplaceError } from '../../config/edit/replace-file.ts'
import { TomlEditError } from '../../config/edit/toml-edits.ts'
import { UserEditError, type UserEdits } from '../../config/edit/user-edits.ts'
import type { ConfigProblem } from '../../config/problem.ts'
import type { Config } from '../../config/schema.ts'
import { EXIT } from '../exit-codes.ts'
import { configPath, sayProblems } from '../open-config.ts'
import { type Effect, effectText, tellRunning } from '../running.ts'
import type { Output, Surroundings } from '../surroundings.ts'
import { noSuchUser } from './selection.ts'

export interface Done {
  /** With the touched users only. */
  readonly config: Config
  readonly effect: Effect
}

/**
 * Edits the users, tells a running portico, and says on standard error what came of it. A number is the exit code: nothing
 * was written, and why was said.
 */
export async function performEdit(
  named: string | undefined,
  around: Surroundings,
  change: (users: UserEdits) => void,
): Promise<Done | number> {
  const path = configPath(named, around)
  if (typeof path === 'number') return path
  let open: UserEdits | undefined
  const edited = await attempt(
    around.stderr,
    () => open?.names() ?? [],
    () =>
      editUsers(path, around.env, (users) => {
        open = users
        change(users)
      }),
  )
  if (typeof edited === 'number') return edited
  if (!edited.ok) return refuse(edited.problems, path, around)
  return settle(edited, path, around)
}

async function settle(
  { config, written }: Extract<Edited, { ok: true }>,
  path: string,
  around: Surroundings,
): Promise<Done> {
  sayWritten(written, around.stderr)
  const effect = await tellRunning(path, around)
  around.stderr.write(effectText(effect))
  return { config, effect }
}

/** Runs an edit; a number is the exit code for what it could not do. */
export async function attempt<T>(
  stderr: Output,
  known: () => Iterable<string>,
  act: () => Promise<T>,
): Promise<T | number> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof UserEditError) {
      const { code, user, message } = error
      stderr.write(code === 'no_such_user' ? noSuchUser(user, known()) : `${sentence(message)}\n`)
      return EXIT.usage
    }
    const exitCode = exitCodeOf(error)
    if (exitCode === undefined) throw error
    stderr.write(`${sentence((error as Error).message)}\n`)
    return exitCode
  }
}

function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof LockError) return EXIT.tryAgain
  if (error instanceof ReplaceError) return error.code === 'no_space' ? EXIT.unavailable : EXIT.permission
  if (error instanceof TomlEditError) return EXIT.configuration
  return undefined
}

/** Problems of what was to be written have no line yet that anybody could look at. */
function refuse(problems: readonly ConfigProblem[], path: string, around: Surroundings): number {
  const withPlace = problems.filter(({ key }) => !key.startsWith('users.'))
  sayProblems(withPlace, path, around)
  for (const { key, message } of problems.filter((each) => !withPlace.includes(each)))
    around.stderr.write(`${key}: ${message}\n`)
  around.stderr.write('Nothing was written.\n')
  return EXIT.configuration
}

function sayWritten(written: readonly Written[], stderr: Output): void {
  for (const each of written) {
    if (each.how === 'replaced') continue
    stderr.write(
      `${each.file} could not be replaced, so it was written in place; as it was: ${each.backup}\n`,
    )
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
