import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { type ConfigProblem, formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { EXIT } from './exit-codes.ts'
import type { Surroundings } from './surroundings.ts'
import { noFile, whichFile } from './which-file.ts'

/** The path of the configuration a command works on; where there is none, the exit code, and it was said. */
export function configPath(named: string | undefined, around: Surroundings): string | number {
  const { path, exists, places } = whichFile(named, around)
  if (exists) return path
  around.stderr.write(noFile(places))
  return EXIT.configuration
}

/** The configuration a command works on; the exit code where there is none without problems, and they were said. */
export function openConfig(named: string | undefined, around: Surroundings): Config | number {
  const path = configPath(named, around)
  if (typeof path === 'number') return path
  const loaded = loadConfig(path, around.env)
  if (loaded.ok) return loaded.config
  return sayProblems(loaded.problems, path, around)
}

export function sayProblems(
  problems: readonly ConfigProblem[],
  path: string,
  { stderr }: Pick<Surroundings, 'stderr'>,
): number {
  for (const problem of problems) stderr.write(`${formatProblem(problem, dirname(path))}\n`)
  return EXIT.configuration
}
