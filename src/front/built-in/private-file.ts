import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Undefined where there is none. Rights that were widened meanwhile are taken back to 0600. */
export function readPrivateFile(path: string): string | undefined {
  try {
    // Not on a read-only disk, where the call alone would fail.
    if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all, readable by the owner only from its first byte; makes missing folders as 0700. */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const unfinished = `${path}.${process.pid}.new`
  writeFileSync(unfinished, text, { mode: 0o600 })
  chmodSync(unfinished, 0o600)
  renameSync(unfinished, path)
}
