import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface KeptUsage {
  readonly up: number
  readonly down: number
  readonly sessions: number
}

/** What portico's file says of a user, and what SQLite says of the file. */
export function keptUsage(stateDir: string, user: string): KeptUsage & { readonly integrity: string } {
  const database = new DatabaseSync(join(stateDir, 'usage.db'))
  try {
    const { integrity_check: integrity } = database.prepare('PRAGMA integrity_check').get() as {
      integrity_check: string
    }
    const row = database.prepare('SELECT up, down, sessions FROM user WHERE name = ?').get(user)
    return { up: 0, down: 0, sessions: 0, ...row, integrity }
  } finally {
    database.close()
  }
}
