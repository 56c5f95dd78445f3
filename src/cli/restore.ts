import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { loadConfig } from '../config/load.ts'
import { stateDirOf } from '../config/state-place.ts'
import { readTar, TarError, type TarFile } from '../state/tar.ts'
import { type BackupManifest, MANIFEST, STATE } from './backup.ts'
import { EXIT } from './exit-codes.ts'
import { sayProblems } from './open-config.ts'
import { askPortico } from './running.ts'
import type { Surroundings } from './surroundings.ts'
import { linkTarget } from './user-link.ts'
import { whichFile } from './which-file.ts'

export interface RestoreOptions {
  readonly file: string
  readonly config?: string | undefined
  /** Over what is there. */
  readonly force: boolean
}

class RestoreError extends Error {}

/** `portico restore FILE [--config FILE] [--force]`: the links stay as they were. */
export async function restore(options: RestoreOptions, around: Surroundings): Promise<number> {
  const { stderr, cwd, env } = around
  const { path } = whichFile(options.config, around)
  try {
    const files = unpack(resolve(cwd, options.file))
    const manifest = manifestOf(files)
    if (existsSync(path) && !options.force) throw new RestoreError(`${path} exists: --force writes over it`)
    const running = existsSync(path) && (await askPortico(path, around, 'status')).state === 'answered'
    if (running) throw new RestoreError('a portico runs with that configuration: stop it first')
    put(path, fileNamed(files, manifest.config))
    const stateDir = stateDirOf(path, env)
    if (!options.force && existsSync(stateDir) && readdirSync(stateDir).length > 0) {
      rmSync(path)
      throw new RestoreError(`${stateDir} is not empty: --force writes over it`)
    }
    return await putRest(path, stateDir, files, manifest, around)
  } catch (error) {
    const known = error instanceof RestoreError || error instanceof TarError || 'code' in (error as Error)
    if (!known) throw error
    stderr.write(`${(error as Error).message}\n`)
    return error instanceof RestoreError ? EXIT.usage : EXIT.unavailable
  }
}

async function putRest(
  path: string,
  stateDir: string,
  files: readonly TarFile[],
  manifest: BackupManifest,
  around: Surroundings,
): Promise<number> {
  const { stdout, env } = around
  // What another run has left of its log would be taken for the newer state.
  for (const suffix of ['-wal', '-shm']) rmSync(join(stateDir, `usage.db${suffix}`), { force: true })
  for (const { name, bytes } of files) {
    if (name.startsWith(STATE)) put(join(stateDir, name.slice(STATE.length)), bytes)
  }
  const first = loadConfig(path, env)
  if (manifest.users !== undefined) {
    const usersFile = usersFileOf(path) ?? join(dirname(path), 'users.toml')
    put(usersFile, fileNamed(files, manifest.users))
  }
  const loaded = first.ok && manifest.users === undefined ? first : loadConfig(path, env)
  stdout.write(`${path}\n`)
  if (!loaded.ok) return sayProblems(loaded.problems, path, around)
  const { server } = await linkTarget(loaded.config, around)
  if (server !== manifest.server) sayMoved(manifest, server, around)
  return EXIT.ok
}

/** As the restored file names it. */
function usersFileOf(path: string): string | undefined {
  const name = /^[ \t]*users_file[ \t]*=[ \t]*["']([^"'\n]+)["']/m.exec(readFileSync(path, 'utf8'))?.[1]
  return name === undefined ? undefined : resolve(dirname(path), name)
}

function sayMoved({ server }: BackupManifest, here: string, { stderr }: Pick<Surroundings, 'stderr'>): void {
  stderr.write(
    `The links that were handed out lead to ${server}; this server is ${here}. They work again when ${server} leads here; for new links: portico move --host ${here}\n`,
  )
}

function unpack(path: string): TarFile[] {
  let packed: Buffer
  try {
    packed = readFileSync(path)
  } catch (error) {
    throw new RestoreError(
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    )
  }
  try {
    return readTar(gunzipSync(packed))
  } catch (error) {
    if (error instanceof TarError) throw error
    throw new RestoreError(`${path} is not a backup of portico`)
  }
}

function manifestOf(files: readonly TarFile[]): BackupManifest {
  const manifest: unknown = JSON.parse(fileNamed(files, MANIFEST).toString())
  const isKnown =
    typeof manifest === 'object' && manifest !== null && 'format' in manifest && manifest.format === 1
  if (!isKnown) throw new RestoreError('the backup was written by a newer portico')
  return manifest as BackupManifest
}

function fileNamed(files: readonly TarFile[], name: string): Buffer {
  const found = files.find((file) => file.name === name)
  if (!found) throw new RestoreError(`it is not a backup of portico: ${name} is missing`)
  return found.bytes
}

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, bytes, { mode: 0o600 })
}
