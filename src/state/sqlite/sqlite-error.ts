import { StoreError, type StoreErrorCode } from '../store.ts'

/** Primary result codes (sqlite.org/rescode.html) that mean something of their own here. */
const CODES: Readonly<Record<number, StoreErrorCode>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  8: 'read_only', // SQLITE_READONLY
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  26: 'corrupt', // SQLITE_NOTADB
}

const SYSTEM_CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read_only',
  EACCES: 'read_only',
  EPERM: 'read_only',
}

/** What SQLite or the file system reports, as the port says it. */
export function storeError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const { code, errcode, message } = error as Error & { code?: string; errcode?: number }
  const known = errcode === undefined ? SYSTEM_CODES[code ?? ''] : CODES[errcode & 0xff]
  return new StoreError(known ?? 'unavailable', `${path}: ${message}`, { path, system: errcode ?? code })
}
