import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

export type ReplaceErrorCode = 'read_only' | 'forbidden' | 'no_space' | 'not_written'

/** The file is as it was; the message says what helps. */
export class ReplaceError extends Error {
  readonly code: ReplaceErrorCode
  readonly file: string

  constructor(code: ReplaceErrorCode, file: string, message: string) {
    super(message)
    this.name = 'ReplaceError'
    this.code = code
    this.file = file
  }
}

/** How it was written; in place there is a backup of what was there. */
export type Replaced = { readonly how: 'replaced' } | { readonly how: 'in_place'; readonly backup: string }

/** What a mount or a foreign folder says to a new file beside the old one, or to its taking the old one's name. */
const NOT_HERE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV', 'ENOTSUP'])

/**
 * Gives an existing file a new content: atomically, by a new file that takes its name, with the mode and owner of the old.
 * Where that cannot be (a single file mounted into a container, a folder that may not be written, a further hard link, an
 * owner that could not be kept) it is written in place, with a backup first.
 * @param file no symbolic link @throws ReplaceError
 */
export function replaceFile(file: string, text: string): Replaced {
  try {
    if (replaceAtomically(file, text)) return { how: 'replaced' }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!NOT_HERE.has(code)) throw replaceError(error, file)
  }
  try {
    return { how: 'in_place', backup: writeInPlace(file, text) }
  } catch (error) {
    throw replaceError(error, file)
  }
}

function replaceAtomically(file: string, text: string): boolean {
  const before = statOf(file)
  if (before.nlink > 1) return false
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}.new`)
  const made = openSync(temporary, 'wx', 0o600)
  try {
    try {
      const { uid, gid } = fstatSync(made)
      if (uid !== before.uid || gid !== before.gid) chownSync(temporary, before.uid, before.gid)
      chmodSync(temporary, before.mode & 0o7777)
      writeFileSync(made, text)
      fsyncSync(made)
    } finally {
      closeSync(made)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(file))
  return true
}

/** @returns the path of the backup */
function writeInPlace(file: string, text: string): string {
  const open = openSync(file, 'r+')
  try {
    const backup = backUp(file)
    const bytes = Buffer.from(text)
    // A file that only shrinks at the end is never without its beginning.
    for (let at = 0; at < bytes.length; ) at += writeSync(open, bytes, at, bytes.length - at, at)
    ftruncateSync(open, bytes.length)
    fsyncSync(open)
    return backup
  } finally {
    closeSync(open)
  }
}

function backUp(file: string): string {
  const bytes = readFileSync(file)
  const places = [`${file}.bak`, join(tmpdir(), `${basename(file)}.${randomBytes(6).toString('hex')}.bak`)]
  for (const [index, place] of places.entries()) {
    try {
      const backup = openSync(place, index === 0 ? 'w' : 'wx', 0o600)
      try {
        writeFileSync(backup, bytes)
        fsyncSync(backup)
      } finally {
        closeSync(backup)
      }
      return place
    } catch (error) {
      if (index === places.length - 1) throw error
    }
  }
  return ''
}

function statOf(file: string): Stats {
  const open = openSync(file, 'r')
  try {
    return fstatSync(open)
  } finally {
    closeSync(open)
  }
}

/** The new name must survive a power cut too; not every file system can promise it. */
function syncFolder(folder: string): void {
  try {
    const open = openSync(folder, 'r')
    try {
      fsyncSync(open)
    } finally {
      closeSync(open)
    }
  } catch {
    // The name is there; only a power cut within seconds could take it back.
  }
}

function replaceError(error: unknown, file: string): ReplaceError {
  const { code = '', message } = error as NodeJS.ErrnoException
  const elsewhere = 'change it where it is mounted from, or let users_file name a file that can be written'
  if (code === 'EROFS')
    return new ReplaceError('read_only', file, `${file} is on a read-only mount: ${elsewhere}`)
  if (code === 'EACCES' || code === 'EPERM') {
    return new ReplaceError(
      'forbidden',
      file,
      `${file} may not be written by this user: use its owner, or sudo`,
    )
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ReplaceError('no_space', file, `there is no room on the disk of ${file}: it is as it was`)
  }
  return new ReplaceError('not_written', file, `${file} cannot be written: ${message}`)
}
