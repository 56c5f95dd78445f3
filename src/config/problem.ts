import { relative } from 'node:path'

/** One thing that is wrong, or dubious, with the configuration. */
export interface ConfigProblem {
  /** Absolute path of the file, or the name of the environment variable. */
  readonly source: string
  /** 1-based; absent where the problem has no place, as a missing file. */
  readonly line?: number
  /** 1-based, in UTF-16 code units. */
  readonly column?: number
  /** Dotted path such as `users.alice.secret`; '' for the whole file. */
  readonly key: string
  readonly message: string
}

/** `portico.toml:12:3 users.alice.secert: unknown key; did you mean "secret"?`, paths relative to `dir`. */
export function formatProblem(problem: ConfigProblem, dir: string): string {
  const inside = problem.source.startsWith('/') ? relative(dir, problem.source) : problem.source
  const file = inside.startsWith('..') ? problem.source : inside
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`
  return problem.key === '' ? `${place} ${problem.message}` : `${place} ${problem.key}: ${problem.message}`
}

const BARE = /^[A-Za-z0-9_-]+$/

/** Dotted path; names that TOML would have to quote are quoted, so that the path has one reading. */
export function keyText(path: readonly PropertyKey[]): string {
  return path.map((part) => (BARE.test(String(part)) ? String(part) : JSON.stringify(String(part)))).join('.')
}
