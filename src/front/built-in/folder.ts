import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'

/** Characters of a request target; Linux knows no longer path. */
export const MAX_TARGET = 4096

export type FolderAnswer =
  | {
      readonly kind: 'file'
      readonly handle: FileHandle
      readonly name: string
      readonly size: number
      readonly modified: Date
    }
  /** To the same path with a slash; without a host, so that no port of ours shows. */
  | { readonly kind: 'moved'; readonly location: string }
  | { readonly kind: 'missing' }

const MISSING: FolderAnswer = { kind: 'missing' }

/**
 * What a request target (`/a/b?x`) means in a folder. Never leaves the folder, whether by `..`, its encodings or links;
 * never shows hidden files (but /.well-known/), listings, or anything that is no plain file. The caller closes the handle.
 */
export async function findInFolder(root: string, target: string): Promise<FolderAnswer> {
  const path = requestedPath(target)
  if (path === undefined) return MISSING
  try {
    const found = await realPathInside(root, path)
    if (found === undefined) return MISSING
    const isFolder = (await stat(found)).isDirectory()
    if (!isFolder) return path.endsWith('/') ? MISSING : await openFile(found)
    if (!path.endsWith('/'))
      return { kind: 'moved', location: `${path.split('/').map(encodeURIComponent).join('/')}/` }
    const index = await realPathInside(root, `${path}index.html`)
    return index === undefined ? MISSING : await openFile(index)
  } catch {
    return MISSING
  }
}

/** Decoded once and normalised; undefined for what no file is called or nobody may see. */
function requestedPath(target: string): string | undefined {
  if (target.length > MAX_TARGET || !target.startsWith('/')) return undefined
  try {
    const path = posix.normalize(decodeURIComponent(target.replace(/[?#].*$/s, '')))
    const isOdd = path.includes('\0') || path.includes('\\')
    const isHidden = path.split('/').some((part) => part.startsWith('.') && part !== '.well-known')
    return isOdd || isHidden ? undefined : path
  } catch {
    return undefined
  }
}

async function realPathInside(root: string, path: string): Promise<string | undefined> {
  const folder = await realpath(root)
  const found = await realpath(join(folder, path))
  const inside = found === folder || found.startsWith(folder.endsWith(sep) ? folder : folder + sep)
  return inside ? found : undefined
}

/** O_NONBLOCK: opening a named pipe would wait for its writer. O_NOFOLLOW: the path was a real one a moment ago. */
async function openFile(path: string): Promise<FolderAnswer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const facts = await handle.stat()
  if (facts.isFile()) return { kind: 'file', handle, name: path, size: facts.size, modified: facts.mtime }
  await handle.close()
  return MISSING
}
