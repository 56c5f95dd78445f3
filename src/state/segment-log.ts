import { closeSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds of arrival that share one file. */
export const SEGMENT_SECONDS = 300
const READ_SIZE = 1 << 20
const NAME = /^(\d{1,12})\.log$/

export interface SegmentLogDependencies {
  unixSeconds(): number
  /** A record is not on disk. The error is that of the system. */
  failed(error: Error): void
  /** The first record after a failure that is. */
  recovered(): void
}

/**
 * Records that are appended to files by time of arrival; old files are deleted whole. Several threads append to the same
 * file, each through its own descriptor: with O_APPEND the kernel puts every small write behind the others. What was
 * written is in the page cache and survives the process; it is not synced, because a machine that lost power has also been
 * silent for longer than it takes.
 */
export class SegmentLog {
  readonly #folder: string
  readonly #dependencies: SegmentLogDependencies
  #descriptor: number | undefined
  #segment = -1
  #failing = false

  constructor(folder: string, dependencies: SegmentLogDependencies) {
    this.#folder = folder
    this.#dependencies = dependencies
  }

  /** One small write (1.7 µs). Never throws: a full disk must not keep clients out. */
  append(record: Uint8Array): void {
    try {
      const written = writeSync(this.#current(), record)
      if (written < record.length) throw new Error(`${written} of ${record.length} bytes were written`)
      if (this.#failing) this.#dependencies.recovered()
      this.#failing = false
    } catch (error) {
      // The folder may have been replaced under us: the next record opens its file again.
      this.close()
      this.#failing = true
      this.#dependencies.failed(error as Error)
    }
  }

  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    this.#segment = -1
    if (descriptor === undefined) return
    try {
      closeSync(descriptor)
    } catch {
      // Nothing was buffered in it.
    }
  }

  #current(): number {
    const now = this.#dependencies.unixSeconds()
    const segment = now - (now % SEGMENT_SECONDS)
    if (this.#descriptor === undefined || segment !== this.#segment) {
      this.close()
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#descriptor = openSync(join(this.#folder, `${segment}.log`), 'a', 0o600)
      this.#segment = segment
    }
    return this.#descriptor
  }
}

/**
 * The bytes of all segments in the order of their names, in chunks of at most 1 MiB. A chunk is valid until the next one.
 * @throws what the file system reports; a folder that is not there holds nothing
 */
export function* readSegments(folder: string): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(READ_SIZE)
  for (const { path } of segments(folder)) {
    const descriptor = openSync(path, 'r')
    try {
      for (;;) {
        const length = readSync(descriptor, chunk)
        if (length === 0) break
        yield chunk.subarray(0, length)
      }
    } finally {
      closeSync(descriptor)
    }
  }
}

/** Deletes the segments whose last record arrived before that second. Returns how many. */
export function deleteSegments(folder: string, beforeSeconds: number): number {
  const old = segments(folder).filter(({ start }) => start + SEGMENT_SECONDS <= beforeSeconds)
  for (const { path } of old) unlinkSync(path)
  return old.length
}

function segments(folder: string): { start: number; path: string }[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names
    .flatMap((name) => {
      const start = NAME.exec(name)?.[1]
      return start === undefined ? [] : [{ start: Number(start), path: join(folder, name) }]
    })
    .sort((a, b) => a.start - b.start)
}
