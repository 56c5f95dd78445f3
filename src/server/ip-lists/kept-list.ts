import { hash } from 'node:crypto'
import { type Absurdity, absurdity } from '../../access/ip-list/absurd.ts'
import { IpRangeSet } from '../../access/ip-list/ip-range-set.ts'
import { parseIpList } from '../../access/ip-list/parse-ip-list.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import type { ListCopies, ListCopy } from './list-copies.ts'
import type { ListSource } from './list-sources.ts'

export type ListRefusal = Absurdity | 'too_long' | 'too_many_entries'

export interface KeptListDependencies {
  readonly log: Log
  readonly copies: ListCopies
  /** Milliseconds of Unix time. */
  now(): number
  /** What it holds has changed. */
  changed(): void
}

/** What is known of one list: its last good text, as ranges that all threads share, with the copy on disk. */
export class KeptList {
  readonly source: ListSource
  ranges: SharedArrayBuffer | undefined
  entries = 0
  /** When it was last known to be current, milliseconds of Unix time; undefined: never read. */
  freshAt: number | undefined
  validators: ListCopy['validators'] = {}
  /** Of the text in use. */
  #digest: string | undefined
  readonly #dependencies: KeptListDependencies

  constructor(source: ListSource, dependencies: KeptListDependencies) {
    this.source = source
    this.#dependencies = dependencies
  }

  /** Seconds; infinite while it was never read. */
  get age(): number {
    if (this.freshAt === undefined) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#dependencies.now() - this.freshAt) / 1000
  }

  /** Takes what an earlier run has left. */
  async recall(): Promise<void> {
    const { copies, log } = this.#dependencies
    const { name, copy } = this.source
    try {
      const found = await copies.read(copy)
      if (found) this.#understand(found, 'copy')
    } catch (error) {
      log.warn('ip list: its copy cannot be read', { list: name, error })
    }
  }

  /** Takes a new text where it is a list, and saves it. Otherwise everything stays, and the reason is returned. */
  async take(found: ListCopy): Promise<ListRefusal | undefined> {
    const refused = this.#understand(found, this.source.kind)
    if (refused !== undefined) return refused
    const { copies, log } = this.#dependencies
    await copies.write(this.source.copy, found).catch((error: unknown) => {
      log.warn('ip list: no copy could be kept', { list: this.source.name, error })
    })
    return undefined
  }

  /** The text that is in use is the current one. */
  async confirm(): Promise<void> {
    this.freshAt = this.#dependencies.now()
    await this.#dependencies.copies.confirm(this.source.copy, this.freshAt).catch(() => {
      // The copy is lost. Without validators the next answer is the whole text, and that is kept again.
      this.validators = {}
    })
  }

  #understand(
    { text, validators, freshAt }: ListCopy,
    from: 'copy' | ListSource['kind'],
  ): ListRefusal | undefined {
    const digest = hash('sha256', Buffer.from(text, 'latin1'))
    if (digest === this.#digest) {
      // Many servers know no "the same as before".
      this.freshAt = freshAt
      this.validators = validators
      return undefined
    }
    const reading = parseIpList(text)
    if (!reading.ok) return reading.code
    const { ranges, entries, badLines, firstBadLine } = reading.list
    // Who writes a file with comments only means it.
    const absurd = absurdity(text, reading.list, from === 'file' ? 0 : this.entries)
    if (absurd !== undefined) return absurd
    this.#digest = digest
    this.ranges = IpRangeSet.share(ranges)
    this.entries = entries
    this.freshAt = freshAt
    this.validators = validators
    const { log, changed } = this.#dependencies
    log.info('ip list read', { list: this.source.name, from, entries })
    if (badLines > 0) {
      log.warn('ip list: lines were skipped', {
        list: this.source.name,
        lines: badLines,
        first: firstBadLine,
      })
    }
    changed()
    return undefined
  }
}
