import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_LIST_BYTES } from '../../access/ip-list/parse-ip-list.ts'
import type { Validators } from '../../net/fetch-text.ts'

/** The first line of a copy is ours: a comment, so that the copy is a list as well. */
const HEADER = '# portico '
const MAX_HEADER = 4096
const OURS = /^[0-9a-f]{16}\.netset(?:\.new)?$/

export interface ListCopy {
  /** One character a byte. */
  readonly text: string
  readonly validators: Validators
  /** When it was last known to be current, milliseconds of Unix time: the file's time of change. */
  readonly freshAt: number
}

/** The last good text of each list, one file each, so that a start needs no network. */
export class ListCopies {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Undefined where there is none. @throws the system's error for one that cannot be read */
  async read(name: string): Promise<ListCopy | undefined> {
    const path = join(this.#dir, name)
    try {
      const { size, mtimeMs } = await stat(path)
      if (size > MAX_LIST_BYTES + MAX_HEADER) return undefined
      const text = await readFile(path, 'latin1')
      return { ...withoutHeader(text), freshAt: mtimeMs }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Whole or not at all, and for its owner's eyes only. @throws the system's error */
  async write(name: string, { text, validators, freshAt }: ListCopy): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const path = join(this.#dir, name)
    const unfinished = `${path}.new`
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'wx', 0o600)
    try {
      await file.writeFile(`${writeHeader(validators)}\n${text}`, 'latin1')
      await file.utimes(freshAt / 1000, freshAt / 1000)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  }

  /** It is still the current one. */
  async confirm(name: string, freshAt: number): Promise<void> {
    await utimes(join(this.#dir, name), freshAt / 1000, freshAt / 1000)
  }

  /** Removes the copies of lists that are not configured any more. */
  async keepOnly(names: readonly string[]): Promise<void> {
    const here = await readdir(this.#dir).catch(() => [])
    const old = here.filter((name) => OURS.test(name) && !names.includes(name))
    await Promise.all(old.map((name) => rm(join(this.#dir, name), { force: true })))
  }
}

function writeHeader(validators: Validators): string {
  const header = `${HEADER}${JSON.stringify(validators)}`
  return header.length > MAX_HEADER - 1 ? `${HEADER}{}` : header
}

function withoutHeader(text: string): Pick<ListCopy, 'text' | 'validators'> {
  if (!text.startsWith(HEADER)) return { text, validators: {} }
  const newline = text.indexOf('\n')
  const end = newline < 0 ? text.length : newline
  return { text: text.slice(end + 1), validators: readValidators(text.slice(HEADER.length, end)) }
}

function readValidators(json: string): Validators {
  try {
    const { etag, lastModified } = JSON.parse(json) as Record<string, unknown>
    return {
      ...(typeof etag === 'string' ? { etag } : {}),
      ...(typeof lastModified === 'string' ? { lastModified } : {}),
    }
  } catch {
    // Somebody's edit: it costs one download.
    return {}
  }
}
