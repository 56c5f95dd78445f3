import { dirname, relative, resolve } from 'node:path'
import type { z } from 'zod'
import { asTable, crossChecks } from './cross-checks.ts'
import { applyEnvironment, type Environment, type Overrides } from './environment.ts'
import { namesIn } from './keys.ts'
import { nearest } from './nearest.ts'
import { type KeyFinding, refuseNotYet, unknownKey } from './not-yet-check.ts'
import { applyPlans } from './plans.ts'
import { type ConfigProblem, formatProblem, keyText } from './problem.ts'
import { readText, whoMayRead } from './read-text.ts'
import { type Config, schema } from './schema.ts'
import { settle } from './settle.ts'
import { type Document, readToml, type Table } from './toml.ts'

export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly string[] }

/**
 * Reads and checks the file at `path` and what `env` lays over it. Reports every problem at once; never throws for
 * what stands in a file or the environment.
 */
export function loadConfig(path: string, env: Environment): Loaded {
  const file = resolve(path)
  const text = readText(file)
  if (typeof text !== 'string') return { ok: false, problems: [text], warnings: [] }
  return readConfig(text, file, env)
}

/** Of another file that the configuration names, or why there is none. */
export type ReadText = typeof readText

/**
 * The same from the text of a file; `file` names it in problems and places relative paths.
 * @param read what the users file holds
 */
export function readConfig(text: string, file: string, env: Environment, read: ReadText = readText): Loaded {
  const reading = new Reading(file, text, env, read)
  const result = reading.check()
  const warnings = [...reading.overrides.warnings, ...whoMayRead(file)]
  if (result === undefined) return { ok: false, problems: reading.sorted(), warnings }
  const { config, findings } = settle(result, file)
  for (const finding of findings) reading.report(finding, 'value')
  if (reading.problems.length > 0) return { ok: false, problems: reading.sorted(), warnings }
  if (!Object.values(config.users).some((user) => user.enabled))
    warnings.push('every user is disabled: everybody sees the site')
  return { ok: true, config, warnings }
}

/** What stands in the file and the environment, before any default, and where each of it stands. */
export interface Said {
  readonly tree: Table
  /** `portico.toml:12`, or the name of the environment variable. */
  whereIs(path: readonly PropertyKey[]): string
}

/** For a configuration that was found to be valid. */
export function readSaid(text: string, file: string, env: Environment): Said {
  const reading = new Reading(file, text, env, readText)
  return { tree: reading.tree, whereIs: (path) => reading.whereIs(path) }
}

class Reading {
  readonly problems: ConfigProblem[] = []
  readonly overrides: Overrides
  readonly #file: string
  readonly #main: Document
  readonly #tree: Table
  readonly #read: ReadText
  #users: { file: string; document: Document } | undefined

  constructor(file: string, text: string, env: Environment, read: ReadText) {
    this.#file = file
    this.#read = read
    this.#main = readToml(text)
    this.#tree = this.#main.tree
    this.#addSyntax(file, this.#main)
    this.overrides = applyEnvironment(this.#tree, env)
    this.problems.push(...this.overrides.problems)
    this.#addUsersFile()
  }

  get tree(): Table {
    return this.#tree
  }

  whereIs(path: readonly PropertyKey[]): string {
    const { source, document } = this.#origin(path)
    if (document === undefined) return source
    return `${relative(dirname(this.#file), source) || source}:${document.keyAt(path).line}`
  }

  /** The schema's output, or undefined when there are problems. */
  check(): z.output<typeof schema> | undefined {
    const incomplete = this.problems.length > 0
    for (const finding of refuseNotYet(this.#tree)) this.report(finding, finding.place ?? 'key')
    for (const finding of crossChecks(this.#tree)) this.report(finding, 'value')
    if (!incomplete && this.#hasNoUsers()) {
      this.report(
        {
          path: ['users'],
          message: 'no user yet: add a table [users.NAME] with a secret ("portico secret" makes one)',
        },
        'key',
      )
    }
    const result = schema.safeParse(this.#tree)
    const issues = result.error?.issues ?? []
    const misspelt = this.#addUnknownKeys(issues)
    const told = new Set<string>()
    for (const issue of issues) {
      const path = plainPath(issue)
      // What is no list at all is also too short a list.
      if (issue.code === 'unrecognized_keys' || told.has(keyText(path))) continue
      told.add(keyText(path))
      const missing = !this.#has(path)
      if (missing && (incomplete || misspelt.has(keyText(path)))) continue
      this.report({ path, message: issue.message }, missing ? 'key' : 'value')
    }
    if (this.problems.length > 0 || result.data === undefined) return undefined
    return applyPlans(result.data, this.#tree)
  }

  /** A problem at a place of the file, for checks that come after the schema. */
  report(finding: KeyFinding, place: 'key' | 'value'): void {
    const { source, document } = this.#origin(finding.path)
    const position = place === 'key' ? document?.keyAt(finding.path) : document?.valueAt(finding.path)
    this.problems.push({ source, ...position, key: keyText(finding.path), message: finding.message })
  }

  /** In the order of the file; one message a key is enough. */
  sorted(): ConfigProblem[] {
    const seen = new Set<string>()
    const once = this.problems.filter((problem) => {
      const mark = formatProblem(problem, '/')
      return !seen.has(mark) && seen.add(mark)
    })
    const order = (a: ConfigProblem, b: ConfigProblem) =>
      (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
    return once.toSorted((a, b) => (a.source === b.source ? order(a, b) : a.source === this.#file ? -1 : 1))
  }

  /** Returns the keys that were probably meant: they are not missing, only misspelt. */
  #addUnknownKeys(issues: readonly z.core.$ZodIssue[]): Set<string> {
    const meant = new Set<string>()
    for (const issue of issues) {
      if (issue.code !== 'unrecognized_keys') continue
      const table = plainPath(issue)
      const known = namesIn(table)
      for (const key of issue.keys) {
        this.report({ path: [...table, key], message: unknownKey(key, known) }, 'key')
        const near = nearest(key, known)
        if (near !== undefined) meant.add(keyText([...table, near]))
      }
    }
    return meant
  }

  #has(path: readonly (string | number)[]): boolean {
    let here: unknown = this.#tree
    for (const part of path) {
      if (typeof here !== 'object' || here === null) return false
      here = (here as Record<string | number, unknown>)[part]
    }
    return here !== undefined
  }

  #hasNoUsers(): boolean {
    const { users } = this.#tree
    if (users === undefined) return true
    const table = asTable(users)
    return table === users && Object.keys(table).length === 0
  }

  #origin(path: readonly PropertyKey[]): { source: string; document: Document | undefined } {
    for (let length = path.length; length > 0; length--) {
      const variable = this.overrides.origins.get(keyText(path.slice(0, length)))
      if (variable !== undefined) return { source: variable, document: undefined }
    }
    const name = path[0] === 'users' ? path[1] : undefined
    if (
      this.#users !== undefined &&
      name !== undefined &&
      Object.hasOwn(asTable(this.#users.document.tree.users), name)
    ) {
      return { source: this.#users.file, document: this.#users.document }
    }
    return { source: this.#file, document: this.#main }
  }

  #addSyntax(source: string, document: Document): void {
    for (const { line, column, key, message } of document.problems)
      this.problems.push({ source, line, column, key, message })
  }

  /** A users file that does not exist yet is an empty one: programs write it. */
  #addUsersFile(): void {
    const { users_file: name } = this.#tree
    if (typeof name !== 'string' || name === '') return
    const file = resolve(dirname(this.#file), name)
    const text = this.#read(file)
    if (typeof text !== 'string') {
      if (!text.message.includes('does not exist')) this.problems.push({ ...text, key: 'users_file' })
      return
    }
    const document = readToml(text)
    this.#addSyntax(file, document)
    this.#mergeUsers(file, document)
  }

  #mergeUsers(file: string, document: Document): void {
    const users = asTable(this.#tree.users)
    for (const key of Object.keys(document.tree)) {
      if (key === 'users') continue
      const message = 'only [users.NAME] tables belong into the users file'
      this.problems.push({ source: file, ...document.keyAt([key]), key, message })
    }
    for (const [name, user] of Object.entries(asTable(document.tree.users))) {
      if (Object.hasOwn(users, name)) {
        const path = ['users', name]
        const message = 'this user stands in both files'
        this.problems.push({ source: file, ...document.keyAt(path), key: keyText(path), message })
      } else {
        users[name] = user
      }
    }
    this.#tree.users ??= users
    this.#users = { file, document: { ...document, tree: structuredTree(document.tree) } }
  }
}

/** The names in the users file, kept apart from the tree that the checks take keys out of. */
function structuredTree(tree: Table): Table {
  const users: Table = Object.create(null)
  for (const name of Object.keys(asTable(tree.users))) users[name] = true
  return { users }
}

function plainPath(issue: z.core.$ZodIssue): (string | number)[] {
  return issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
}
