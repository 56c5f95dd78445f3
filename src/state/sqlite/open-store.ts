import { ResilientStore } from '../resilient-store.ts'
import { openDatabase, openSnapshot, setAside } from './open-database.ts'
import { SqliteStore } from './sqlite-store.ts'

/** The embedded store with everything that may befall its disk. Opens the file at the first use. */
export function openSqliteStore(
  path: string,
  dependencies: { now(): number; damaged(aside: string): void },
): ResilientStore {
  return new ResilientStore({
    open: () => new SqliteStore(openDatabase(path), path),
    openSnapshot: () => new SqliteStore(openSnapshot(path), path, true),
    setAside: () => dependencies.damaged(setAside(path)),
    now: dependencies.now,
  })
}
