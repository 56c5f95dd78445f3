import { EXIT } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'
import { linkTarget, userLink } from '../user-link.ts'
import type { Done } from './edit-users.ts'

/** The links of users who were just made, and how to find them again. Returns the exit code. */
export async function printLinks(
  names: readonly string[],
  { config, effect }: Done,
  json: boolean,
  around: Surroundings,
): Promise<number> {
  const { stdout, stderr } = around
  const target = await linkTarget(config, around)
  const links = names.flatMap((name) => userLink(config, name, target) ?? [])
  if (target.doubt !== undefined) stderr.write(`${target.doubt}\n`)
  if (json) stdout.write(`${JSON.stringify({ users: links, effect }, undefined, 2)}\n`)
  else for (const { user, tg, https } of links) stdout.write(`${user}\n  ${tg}\n  ${https}\n`)
  return exitCodeOf(effect)
}

/** A change that is written but not in force must be seen by scripts too. */
export function exitCodeOf(effect: Done['effect']): number {
  if (!effect.running) return EXIT.ok
  if ('trouble' in effect) return EXIT.tryAgain
  return effect.reload.result === 'refused' ? EXIT.configuration : EXIT.ok
}

/** Names of those who were changed. Returns the exit code. */
export function printNames(
  names: readonly string[],
  { effect }: Pick<Done, 'effect'>,
  options: { json: boolean; said: string },
  { stdout }: Pick<Surroundings, 'stdout'>,
): number {
  if (options.json) stdout.write(`${JSON.stringify({ users: names, effect }, undefined, 2)}\n`)
  else for (const name of names) stdout.write(`${name} ${options.said}\n`)
  return exitCodeOf(effect)
}
