import { existsSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { storeError } from './sqlite-error.ts'

/** A copy of one moment, also while somebody writes. False: there is no such database. Rejects with StoreError. */
export async function copyDatabase(path: string, copy: string): Promise<boolean> {
  if (!existsSync(path)) return false
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true })
    await backup(database, copy)
    return true
  } catch (error) {
    throw storeError(error, path)
  } finally {
    database?.close()
  }
}
