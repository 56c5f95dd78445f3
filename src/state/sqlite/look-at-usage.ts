import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { PeriodQuestion, PeriodUsage, UserTotals } from '../store.ts'
import { openSnapshot } from './open-database.ts'
import { storeError } from './sqlite-error.ts'
import { SqliteStore } from './sqlite-store.ts'

const BUSY_MILLISECONDS = 2000

export interface LookedUp {
  readonly users: readonly UserTotals[]
  /** In the order of the questions. */
  readonly periods: readonly PeriodUsage[]
}

/**
 * What is kept in the file at `path`, for somebody who only looks, while a portico writes to it or none runs. Nothing is made
 * or changed. Undefined: there is no such file. Rejects with StoreError.
 */
export async function lookAtUsage(
  path: string,
  questions: readonly PeriodQuestion[],
): Promise<LookedUp | undefined> {
  if (!existsSync(path)) return undefined
  try {
    return await look(
      new SqliteStore(new DatabaseSync(path, { readOnly: true, timeout: BUSY_MILLISECONDS }), path),
      questions,
    )
  } catch (error) {
    // Where the log's own files cannot be made beside it, the file alone can still be read.
    const failure = storeError(error, path)
    if (failure.code !== 'read_only' && failure.code !== 'unavailable') throw failure
    return look(new SqliteStore(openSnapshot(path), path, true), questions)
  }
}

async function look(store: SqliteStore, questions: readonly PeriodQuestion[]): Promise<LookedUp> {
  try {
    const { users } = await store.load(0)
    return { users, periods: await store.periodUsage(questions) }
  } finally {
    await store.close()
  }
}
