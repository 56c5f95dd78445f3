import { dirname } from 'node:path'
import { readConfig } from '../config/load.ts'
import { type ConfigProblem, formatProblem, keyText } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import type { Table, Value } from '../config/toml.ts'
import { peerOf } from './detect.ts'
import { Draft } from './draft.ts'
import type { Kind } from './peer.ts'
import { renderConfig } from './render.ts'
import { applyRules } from './rules.ts'
import { type ReadOther, readSource } from './source.ts'
import type { ReportLine } from './verdict.ts'

export interface ImportOptions {
  /** The kind of the old proxy, where its content does not tell. */
  readonly from?: Kind | undefined
  /** Absolute path of the folder where relative files in the old configuration start. */
  readonly dir: string
  /** Absolute path of the file that is to be written. */
  readonly file: string
  /** The name in the links where the old proxy has none. */
  readonly spareDomain: string
  /** Another file that the old configuration includes. */
  readonly read: ReadOther
}

export type Imported =
  | {
      readonly ok: true
      readonly kind: Kind
      /** The portico file. It is valid. */
      readonly text: string
      readonly tree: Table
      readonly config: Config
      /** Every key of the old configuration, in its order. */
      readonly report: readonly ReportLine[]
    }
  | { readonly ok: false; readonly problems: readonly string[] }

/** What another proxy's configuration, command line or secret says, as a configuration of portico. */
export function importConfig(text: string, options: ImportOptions): Imported {
  const reading = readSource(text, options.from, options.read)
  if (!reading.ok) return reading
  const { kind, tree: source, lines } = reading.source
  const peer = peerOf(kind)
  const draft = new Draft(options.dir)
  const carried = applyRules(source, peer.rules, draft)
  const assumed = peer.defaults(source, draft)
  const report = [
    ...lines,
    ...carried,
    ...assumed.filter(({ key }) => !carried.some((line) => line.key === key)),
  ]
  if (draft.userNames.length === 0) return { ok: false, problems: nobody(report) }
  return settled(draft.finished(options.spareDomain), kind, report, options)
}

function nobody(report: readonly ReportLine[]): string[] {
  const why = report.filter(({ outcome, how }) => outcome === 'not carried' && how?.includes('secret'))
  return [
    'there is no user with a secret that could be carried',
    ...why.map(({ key, how }) => `${key}: ${how}`),
  ]
}

/** Each round mends all that was found; what one repair uncovers is mended in the next. */
const ROUNDS = 20

/** Takes out what portico refuses, until it refuses nothing, and says so in the report. */
function settled(tree: Table, kind: Kind, report: readonly ReportLine[], options: ImportOptions): Imported {
  let lines = report
  for (let round = 0; ; round++) {
    const text = renderConfig(tree, [
      `Imported from ${kind}. Every key: docs/configuration.md. After a change: portico check`,
    ])
    const loaded = readConfig(text, options.file, {})
    if (loaded.ok) return { ok: true, kind, text, tree, config: loaded.config, report: lines }
    const removed = round < ROUNDS ? takeOut(tree, loaded.problems) : []
    if (removed.length === 0)
      return {
        ok: false,
        problems: loaded.problems.map((problem) => formatProblem(problem, dirname(options.file))),
      }
    lines = lines.map((line) => refused(line, removed))
  }
}

interface Removed {
  readonly key: string
  readonly message: string
}

/** The last of a list first, so that the places of the others stay. */
function takeOut(tree: Table, problems: readonly ConfigProblem[]): Removed[] {
  return problems.toReversed().flatMap(({ key, message }) => {
    const path = pathOf(tree, key)
    if (path === undefined) return []
    remove(tree, path)
    return [{ key: keyText(path), message }]
  })
}

/** The deepest of what a key names that is there; whole tables such as [front] stay. */
function pathOf(tree: Table, key: string): (string | number)[] | undefined {
  const parts = [...key.matchAll(/"(?:[^"\\]|\\.)*"|[^.]+/g)].map(([part]) =>
    part.startsWith('"') ? String(JSON.parse(part)) : part,
  )
  const path: (string | number)[] = []
  let here: Value | undefined = tree
  for (const part of parts) {
    if (typeof here !== 'object' || here instanceof Date) break
    const name: string | number = Array.isArray(here) ? Number(part) : part
    const next: Value | undefined = (here as Record<string | number, Value>)[name]
    if (next === undefined) break
    path.push(name)
    here = next
  }
  const isWholeTable = path.length === 1 && typeof here === 'object' && !Array.isArray(here)
  return path.length === 0 || isWholeTable ? undefined : path
}

function remove(tree: Table, path: readonly (string | number)[]): void {
  const holder = path.slice(0, -1).reduce<Value>((here, part) => (here as Table)[part as string] ?? {}, tree)
  const last = path.at(-1) ?? ''
  if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else delete (holder as Table)[last as string]
}

function refused(line: ReportLine, removed: readonly Removed[]): ReportLine {
  const { to } = line
  if (to === undefined || line.outcome === 'not carried') return line
  const found = removed.find(({ key }) => to === key || to.startsWith(`${key}.`) || key.startsWith(`${to}.`))
  return found === undefined ? line : { key: line.key, outcome: 'not carried', how: found.message }
}
