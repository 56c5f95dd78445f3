import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { StoreError } from '../store.ts'
import { MIGRATIONS } from './migrations.ts'
import { storeError } from './sqlite-error.ts'

/** Somebody else may look into the file for a moment. */
const BUSY_MILLISECONDS = 2000
/** Up to this size the whole file is checked at the start, at hundreds of megabytes a second. */
const CHECKED_SIZE = 64 << 20
/** The write-ahead log is cut back to this after a checkpoint. */
const WAL_SIZE = 4 << 20

/**
 * Opens the file, makes it where there is none (0600, in a folder of 0700), and brings it to the newest schema.
 *
 * WAL with `synchronous = NORMAL`: a commit is a write to the log without a sync. The page cache survives the process, so
 * `kill -9` loses no commit, and every commit carries a checksum, so the file is whole after a power cut too: that can only
 * lose the seconds since the kernel wrote back.
 * @throws StoreError
 */
export function openDatabase(path: string, migrations: readonly string[] = MIGRATIONS): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS })
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${WAL_SIZE}`,
    )
    check(database, path)
    migrate(database, path, migrations)
    return database
  } catch (error) {
    closeQuietly(database)
    throw storeError(error, path)
  }
}

/**
 * Opens what can only be looked at (a read-only disk, where WAL's own files cannot be made). What the last run left in the
 * log beside the file is not seen.
 * @throws StoreError
 */
export function openSnapshot(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    const url = pathToFileURL(path)
    url.searchParams.set('immutable', '1')
    database = new DatabaseSync(url, { readOnly: true })
    if (versionOf(database) !== MIGRATIONS.length) {
      throw new StoreError('unavailable', `${path}: its schema cannot be read as it is`, { path })
    }
    return database
  } catch (error) {
    closeQuietly(database)
    throw storeError(error, path)
  }
}

/** Makes room for a new file; the damaged one stays beside it for whoever wants to look, and replaces an earlier one. */
export function setAside(path: string): string {
  const aside = `${path}.corrupt`
  try {
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
    renameSync(path, aside)
    return aside
  } catch (error) {
    throw storeError(error, path)
  }
}

export function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    database?.close()
  } catch {
    // What was not committed is not expected to survive.
  }
}

function check(database: DatabaseSync, path: string): void {
  if (statSync(path).size > CHECKED_SIZE) return
  const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (verdict !== 'ok') throw new StoreError('corrupt', `${path}: ${verdict}`, { path })
}

function versionOf(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
}

function migrate(database: DatabaseSync, path: string, migrations: readonly string[]): void {
  const version = versionOf(database)
  if (version > migrations.length) {
    throw new StoreError(
      'newer_schema',
      `${path} was written by a newer portico (schema ${version}, this one knows ${migrations.length})`,
      { path, version, known: migrations.length },
    )
  }
  for (let step = version; step < migrations.length; step++) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[step]}; PRAGMA user_version = ${step + 1}; COMMIT`)
  }
}
