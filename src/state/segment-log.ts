import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Seconds of arrival that share one file. */
export const SEGMENT_SECONDS = 3600
/** Two months in which something comes every hour: beyond that there would be more files than there is in them. */
const MOST_SEGMENTS = 1440
const READ_SIZE = 1 << 20
const NAME = /^(\d{1,12})\.log$/
/** Seconds: more than any name says. */
const FAR_AWAY = 1e12

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
 * written is in the page cache and survives the process; a machine that loses power loses what the kernel has not yet
 * written, by default that of the last half minute (vm.dirty_expire_centisecs).
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
 * The bytes of all segments, the oldest first, in chunks of at most 1 MiB. A chunk is valid until the next one.
 * @throws what the file system reports; a folder that is not there holds nothing
 */
export function* readSegments(folder: string, nowSeconds: number): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(READ_SIZE)
  for (const { path } of segments(folder, nowSeconds)) {
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

/**
 * Keeps the newest segments that hold so many bytes together, and deletes the others. By their order and not by their age,
 * so that a clock that goes wrong takes nothing away. Returns how many were deleted.
 */
export function deleteSegments(
  folder: string,
  { keepBytes, nowSeconds }: { keepBytes: number; nowSeconds: number },
): number {
  let kept = 0
  let deleted = 0
  const spans = new Set<number>()
  for (const { path, start } of segments(folder, nowSeconds).toReversed()) {
    if (kept < keepBytes && spans.size < MOST_SEGMENTS) {
      kept += statSync(path).size
      // Segments of earlier versions are shorter.
      spans.add(Math.floor(start / SEGMENT_SECONDS))
    } else {
      unlinkSync(path)
      deleted++
    }
  }
  return deleted
}

/** The oldest first; one of the time to come was written under a clock that was wrong, before all others. */
function segments(folder: string, nowSeconds: number): { start: number; path: string }[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const rank = (start: number) => (start > nowSeconds ? start - FAR_AWAY : start)
  return names
    .flatMap((name) => {
      const start = NAME.exec(name)?.[1]
      return start === undefined ? [] : [{ start: Number(start), path: join(folder, name) }]
    })
    .sort((a, b) => rank(a.start) - rank(b.start))
}
