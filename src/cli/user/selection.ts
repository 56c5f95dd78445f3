import { nearest } from '../../config/nearest.ts'
import { EXIT } from '../exit-codes.ts'
import { openConfig } from '../open-config.ts'
import type { Surroundings } from '../surroundings.ts'

export interface Selection {
  /** Named ones; words with `=` are none. */
  readonly words: readonly string[]
  readonly tags: readonly string[]
  readonly plan?: string | undefined
  readonly config?: string | undefined
}

/** The names of those whom a command is about; a number is the exit code, and why was said. */
export function selectedUsers(selection: Selection, around: Surroundings): string[] | number {
  const named = selection.words.filter((word) => !word.includes('='))
  if (selection.tags.length === 0 && selection.plan === undefined) {
    if (named.length > 0) return [...new Set(named)]
    around.stderr.write('Which users? Name them, or choose them with --tag or --plan.\n')
    return EXIT.usage
  }
  const config = openConfig(selection.config, around)
  if (typeof config === 'number') return config
  const chosen = Object.entries(config.users).filter(([, user]) => matches(user, selection))
  const names = [...new Set([...named, ...chosen.map(([name]) => name)])]
  if (names.length > 0) return names
  around.stderr.write('No user has that tag or plan.\n')
  return EXIT.usage
}

/** Whether a user has all the tags, and the plan. */
export function matches(
  user: { readonly tags: readonly string[]; readonly plan?: string | undefined },
  { tags, plan }: Pick<Selection, 'tags' | 'plan'>,
): boolean {
  return tags.every((tag) => user.tags.includes(tag)) && (plan === undefined || user.plan === plan)
}

export function noSuchUser(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known)
  const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
  return `There is no user ${JSON.stringify(name)}${hint}\n`
}
