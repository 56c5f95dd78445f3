import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { EXIT } from './exit-codes.ts'
import { rootTrouble } from './root-folder.ts'
import { staticWarnings } from './static-warnings.ts'
import type { Surroundings } from './surroundings.ts'
import { noFile, whichFile } from './which-file.ts'

/** `portico check [FILE]`: every problem with its place, exit 78; or OK and the warnings that need no network. */
export function check(options: { readonly file?: string | undefined }, around: Surroundings): number {
  const { stdout, stderr, env } = around
  const { path, exists, places } = whichFile(options.file, around)
  if (!exists) {
    stderr.write(noFile(places))
    return EXIT.configuration
  }
  const loaded = loadConfig(path, env)
  const warnings = [...loaded.warnings, ...(loaded.ok ? warningsOf(loaded.config, around) : [])]
  for (const warning of warnings) stderr.write(`warning: ${warning}\n`)
  if (loaded.ok) {
    const users = Object.keys(loaded.config.users).length
    stdout.write(`${path}: OK (${users} ${users === 1 ? 'user' : 'users'})\n`)
    return EXIT.ok
  }
  for (const problem of loaded.problems) stderr.write(`${formatProblem(problem, dirname(path))}\n`)
  const count = loaded.problems.length
  stderr.write(`${path}: ${count} ${count === 1 ? 'problem' : 'problems'}\n`)
  return EXIT.configuration
}

function warningsOf(config: Config, { interfaceAddresses }: Surroundings): string[] {
  return staticWarnings(config, interfaceAddresses(), rootTrouble(config))
}
