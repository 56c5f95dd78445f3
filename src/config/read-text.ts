import { readFileSync, statSync } from 'node:fs'
import type { ConfigProblem } from './problem.ts'

/** 100,000 users take about 10 MB; what is larger is not a configuration. */
export const MAX_CONFIG_FILE = 64 * 1024 * 1024

/** The text of a configuration file, or why there is none. */
export function readText(file: string): string | ConfigProblem {
  const problem = (message: string): ConfigProblem => ({ source: file, key: '', message })
  try {
    const { size } = statSync(file)
    if (size > MAX_CONFIG_FILE) return problem(`has ${size} bytes, more than ${MAX_CONFIG_FILE}`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return problem('does not exist')
    if (code === 'EACCES') return problem('may not be read by this user')
    if (code === 'EISDIR') return problem('is a folder, not a file')
    return problem(`cannot be read (${code ?? String(error)})`)
  }
}

/** A warning when everybody on this host may read the secrets in `file`. */
export function whoMayRead(file: string): string[] {
  try {
    const mode = statSync(file).mode
    return (mode & 0o004) === 0
      ? []
      : [`${file} holds secrets and everybody on this host may read it: chmod 600 ${file}`]
  } catch {
    return []
  }
}
