import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { MAX_LIST_BYTES } from '../../access/ip-list/parse-ip-list.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import { passed } from './fetched-list.ts'
import type { KeptList } from './kept-list.ts'

/**
 * Milliseconds. Polled, because a watch is lost when an editor puts a new file in the place of the old one; so often,
 * because two looks after an edit its sessions must be gone within a second.
 */
const LOOK_EVERY = 300

/** The file as `stat` shows it; `changedAt` in milliseconds of Unix time. */
type Look = { readonly version: string; readonly changedAt: number } | { readonly problem: string }

/** A list in a file of the operator's. */
export class FileList {
  readonly #list: KeptList
  readonly #log: Log
  /** Of the text in use, or of the one that was refused: it is not read again. */
  #settled = ''
  #lastLook = ''
  #problem: string | undefined

  constructor(list: KeptList, log: Log) {
    this.#list = list
    this.#log = log
  }

  /** Before anybody listens. */
  async begin(): Promise<void> {
    const look = await this.#look()
    if ('problem' in look) this.#complain(look.problem)
    else await this.#read(look)
  }

  async keepLooking(stopped: AbortSignal): Promise<void> {
    while (await passed(LOOK_EVERY, stopped)) {
      const look = await this.#look()
      if ('problem' in look) this.#complain(look.problem)
      else if (look.version === this.#settled) this.#problem = undefined
      // Who writes it may not be done: it must have stood still between two looks.
      else if (look.version === this.#lastLook) await this.#read(look)
      this.#lastLook = 'version' in look ? look.version : ''
    }
  }

  async #read({ version, changedAt }: Extract<Look, { version: string }>): Promise<void> {
    const text = await this.#text()
    const after = await this.#look()
    if (!('version' in after) || after.version !== version) return
    this.#settled = version
    if (typeof text !== 'string') return this.#complain(text.problem)
    const refused = await this.#list.take({ text, validators: {}, freshAt: changedAt })
    if (refused !== undefined) this.#complain(refused)
    else this.#problem = undefined
  }

  async #look(): Promise<Look> {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.#list.source.location)
      return { version: `${mtimeMs} ${ctimeMs} ${size} ${ino}`, changedAt: mtimeMs }
    } catch (error) {
      return { problem: codeOf(error) }
    }
  }

  async #text(): Promise<string | { problem: string }> {
    try {
      // A pipe that nobody writes to would be waited for.
      const file = await open(this.#list.source.location, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        const found = await file.stat()
        if (!found.isFile()) return { problem: 'not_a_file' }
        if (found.size > MAX_LIST_BYTES) return { problem: 'too_long' }
        return await file.readFile('latin1')
      } finally {
        await file.close()
      }
    } catch (error) {
      return { problem: codeOf(error) }
    }
  }

  /** Once for each kind of trouble, not at every look. */
  #complain(code: string): void {
    if (code === this.#problem) return
    this.#problem = code
    const { name, location } = this.#list.source
    const { entries } = this.#list
    this.#log.warn('ip list: not read, what was good stays', { list: name, file: location, code, entries })
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO'
}
