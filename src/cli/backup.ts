import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Config } from '../config/schema.ts'
import { usageFile } from '../server/state-files.ts'
import { copyDatabase } from '../state/sqlite/copy-database.ts'
import { StoreError } from '../state/store.ts'
import { type TarFile, writeTar } from '../state/tar.ts'
import { EXIT } from './exit-codes.ts'
import { openConfig } from './open-config.ts'
import type { Surroundings } from './surroundings.ts'
import { linkTarget } from './user-link.ts'

/** What stands in a backup beside the files. */
export interface BackupManifest {
  readonly format: 1
  readonly version: string
  /** ISO 8601. */
  readonly at: string
  /** Name of the configuration in the archive, and of the users file where there is one. */
  readonly config: string
  readonly users: string | undefined
  /** `server=` and `port=` of the links. */
  readonly server: string
  readonly port: number
}

export const MANIFEST = 'manifest.json'
export const STATE = 'state/'
/** Of the moment, or copied in their own way. */
const NOT_COPIED = /^(?:control\.sock|usage\.db(?:-wal|-shm|\.corrupt)?)$|\.(?:lock|tmp|new)$/

/** `portico backup [FILE]`: one file with configuration, users, state and tokens, also while portico runs. */
export async function backup(
  options: { readonly file?: string | undefined; readonly config?: string | undefined },
  around: Surroundings,
): Promise<number> {
  const { stdout, stderr, cwd } = around
  const config = openConfig(options.config, around)
  if (typeof config === 'number') return config
  const at = new Date()
  const name =
    options.file ??
    `portico-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.tar.gz`
  const path = resolve(cwd, name)
  try {
    const files = await collect(config, at, around)
    writeFileSync(path, gzipSync(writeTar(files, Math.floor(at.getTime() / 1000))), {
      mode: 0o600,
      flag: 'wx',
    })
    stdout.write(`${path}\n`)
    stderr.write('It holds every secret: keep it where the configuration would be kept.\n')
    return EXIT.ok
  } catch (error) {
    const known = error instanceof StoreError || 'code' in (error as Error)
    if (!known) throw error
    stderr.write(`The backup was not made: ${(error as Error).message}\n`)
    return EXIT.unavailable
  }
}

async function collect(config: Config, at: Date, around: Surroundings): Promise<TarFile[]> {
  const { server, port } = await linkTarget(config, around)
  const { file, users_file: usersFile, state } = config
  const users = usersFile === undefined ? undefined : `users/${basename(usersFile)}`
  const manifest: BackupManifest = {
    format: 1,
    version: around.version,
    at: at.toISOString(),
    config: basename(file),
    users,
    server,
    port,
  }
  return [
    { name: MANIFEST, bytes: Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`) },
    { name: basename(file), bytes: readFileSync(file) },
    ...(usersFile === undefined || users === undefined
      ? []
      : [{ name: users, bytes: readFileSync(usersFile) }]),
    ...filesUnder(state.dir).map((path) => ({
      name: STATE + relative(state.dir, path),
      bytes: readFileSync(path),
    })),
    ...(await usageCopy(state.dir)),
  ]
}

function filesUnder(dir: string): string[] {
  let entries: string[]
  try {
    entries = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return entries
    .filter((entry) => !NOT_COPIED.test(basename(entry)))
    .map((entry) => join(dir, entry))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

async function usageCopy(stateDir: string): Promise<TarFile[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-backup-'))
  try {
    const copy = join(folder, 'usage.db')
    const isThere = await copyDatabase(usageFile(stateDir), copy)
    return isThere ? [{ name: `${STATE}usage.db`, bytes: readFileSync(copy) }] : []
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
