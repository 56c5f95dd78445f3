import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { replaceFile } from '../../config/edit/replace-file.ts'
import { type Imported, importConfig } from '../../import/import-config.ts'
import { KINDS, type Kind } from '../../import/peer.ts'
import { MAX_SOURCE } from '../../import/source.ts'
import { EXIT } from '../exit-codes.ts'
import { FirstFileError, sslipName, writeFirstFile } from '../first-file.ts'
import { rootTrouble } from '../root-folder.ts'
import type { RunDependencies } from '../run.ts'
import { serverAddress } from '../server-address.ts'
import { staticWarnings } from '../static-warnings.ts'
import type { Surroundings } from '../surroundings.ts'
import { whichFile } from '../which-file.ts'
import { allLinks } from './all-links.ts'
import { reportText } from './report.ts'
import { serveTrial } from './trial.ts'

export interface ImportOptions {
  /** What to import, and before it its kind where the content does not tell. */
  readonly words: readonly string[]
  readonly from?: Kind | undefined
  readonly config?: string | undefined
  /** The name in the links where the old proxy has none. */
  readonly domain?: string | undefined
  /** Serve it beside the old proxy and write nothing. */
  readonly try: boolean
  /** Where, then. */
  readonly listen?: string | undefined
  readonly force: boolean
  readonly json: boolean
}

type Success = Extract<Imported, { ok: true }>

/** `portico import [KIND] FILE|SECRET [--config OUT] [--try]`: another proxy's configuration as one of portico. */
export async function importProxy(
  options: ImportOptions,
  around: Surroundings,
  dependencies: () => Promise<RunDependencies>,
): Promise<number> {
  const { stderr } = around
  const what = whatToImport(options)
  if ('message' in what) return refuse(EXIT.usage, around, what.message)
  const out = whichFile(options.config, around).places[0] ?? ''
  if (!options.try && !options.force && existsSync(out))
    return refuse(EXIT.usage, around, `${out} exists: name another with --config, or --force writes over it`)
  const given = read(what.word, around)
  if ('message' in given) return refuse(EXIT.unavailable, around, given.message)
  if (given.file === out)
    return refuse(EXIT.usage, around, 'the old file stays as it is: name another with --config')
  const { address } = await serverAddress(around)
  const imported = importConfig(given.text, {
    from: options.from ?? what.kind,
    dir: given.dir,
    file: out,
    spareDomain: options.domain ?? sslipName(address),
    read: (path) => textOf(resolve(given.dir, path)),
  })
  if (!imported.ok) {
    for (const problem of imported.problems) stderr.write(`${given.name}: ${problem}\n`)
    return EXIT.configuration
  }
  if (options.try) return serveTrial(imported, options.listen, around, await dependencies())
  const written = write(out, imported.text, around)
  if (written !== undefined) return written
  const { config } = imported
  for (const warning of staticWarnings(config, around.interfaceAddresses(), rootTrouble(config)))
    stderr.write(`warning: ${warning}\n`)
  await tell(imported, out, options.json, around)
  return EXIT.ok
}

function refuse(code: number, { stderr }: Surroundings, message: string): number {
  stderr.write(`${message}\n`)
  return code
}

function whatToImport({ words, from }: ImportOptions): { word: string; kind?: Kind } | { message: string } {
  const [first = '', second, ...more] = words
  if (second === undefined) return { word: first }
  const kind = KINDS.find((each) => each === first)
  if (kind === undefined || more.length > 0)
    return {
      message: `One file or secret, and before it one of ${KINDS.join(', ')}; a command line in quotes`,
    }
  if (from !== undefined && from !== kind) return { message: `${kind} or --from ${from}?` }
  return { word: second, kind }
}

type Given = { readonly text: string; readonly dir: string; readonly name: string; readonly file?: string }

/** A file where there is one of that name, else the word itself: a secret, a link or a command line. */
function read(word: string, { cwd }: Surroundings): Given | { message: string } {
  const file = resolve(cwd, word)
  try {
    const { size } = statSync(file)
    if (size > MAX_SOURCE) return { message: `${file} has ${size} bytes, more than ${MAX_SOURCE}` }
    return { text: readFileSync(file, 'utf8'), dir: dirname(file), name: file, file }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // A secret names no file, and a link or a command line is no possible name of one.
    const isNoFile = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(code)
    const isPath = !/\s/.test(word) && /\.(?:toml|py|service|conf|sh)$|^\.{0,2}\//.test(word)
    if (isNoFile && !isPath) return { text: word, dir: cwd, name: 'the secret or command line' }
    return { message: `${file} cannot be read (${code || String(error)})` }
  }
}

function textOf(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_SOURCE ? undefined : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The exit code where it could not be written. */
function write(out: string, text: string, around: Surroundings): number | undefined {
  try {
    if (existsSync(out)) replaceFile(out, text)
    else writeFirstFile(out, text)
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const code = error instanceof FirstFileError ? error.exitCode : EXIT.unavailable
    return refuse(code, around, error.message)
  }
}

async function tell(imported: Success, out: string, json: boolean, around: Surroundings): Promise<void> {
  const { kind, report, config } = imported
  const links = await allLinks(config, around)
  if (json) {
    around.stdout.write(`${JSON.stringify({ kind, file: out, report, links }, undefined, 2)}\n`)
    return
  }
  around.stdout.write(reportText({ kind, file: out, report, links, users: Object.keys(config.users).length }))
}
