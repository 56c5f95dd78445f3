import { closeSync, openSync, writeSync } from 'node:fs'

/** Longest wait for a full pipe, in milliseconds. The supervisor has signals and health checks to answer. */
const PATIENCE = 50
const PAUSE = 5
/** Bytes kept for a reader that does not read; lines beyond it are lost, and counted. */
export const MAX_PENDING = 1_048_576

const sleeper = new Int32Array(new SharedArrayBuffer(4))

export interface SinkTarget {
  /** Already open, never closed by the sink. */
  readonly fd?: number
  /** Or a file, appended to. */
  readonly file?: string
}

/**
 * Writes whole lines synchronously, so that nothing is lost at an exit, and survives its reader: with a closed pipe it
 * falls silent, with a full one it keeps a bounded rest. Only opening a file throws.
 */
export class LogSink {
  readonly #file: string | undefined
  #fd: number
  /** Lines not yet taken; of the first, what is left of it. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** The last byte written was not the end of a line. */
  #torn = false
  #stuck = false
  #gone = false
  #lost = 0

  constructor(target: SinkTarget) {
    this.#file = target.file
    this.#fd = this.#file === undefined ? (target.fd ?? 1) : openToAppend(this.#file)
  }

  write(line: string): void {
    if (this.#gone) return
    const bytes = Buffer.from(line)
    if (this.#pendingBytes + bytes.length > MAX_PENDING) this.#push(0)
    if (this.#pendingBytes + bytes.length > MAX_PENDING) {
      this.#lost++
      return
    }
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    this.#push(this.#stuck ? 0 : PATIENCE)
  }

  /** Opens the file anew (after it was rotated away). The old one stays if that fails, and the error is thrown. */
  reopen(): void {
    if (this.#file === undefined) return
    const fd = openToAppend(this.#file)
    this.flush()
    closeSync(this.#fd)
    this.#fd = fd
    this.#gone = false
  }

  /** Of a file; standard output stays open. */
  close(): void {
    if (this.#file !== undefined && !this.#gone) closeSync(this.#fd)
    this.#gone = true
  }

  flush(): void {
    if (!this.#gone) this.#push(PATIENCE)
  }

  /** Lines lost since the last call; 0 as long as nothing could be written anyway. */
  takeLost(): number {
    if (this.#stuck || this.#gone) return 0
    const lost = this.#lost
    this.#lost = 0
    return lost
  }

  #push(patience: number): void {
    const deadline = performance.now() + patience
    while (this.#pending[0] !== undefined) {
      try {
        this.#took(writeSync(this.#fd, this.#pending[0]))
      } catch (error) {
        if (!isFull(error)) {
          this.#fail(error)
          return
        }
        this.#stuck = true
        if (performance.now() >= deadline) return
        Atomics.wait(sleeper, 0, 0, PAUSE)
      }
    }
  }

  #took(bytes: number): void {
    const first = this.#pending.shift() as Buffer
    this.#torn = bytes < first.length
    if (this.#torn) this.#pending.unshift(first.subarray(bytes))
    this.#pendingBytes -= bytes
    this.#stuck = false
  }

  /** A closed pipe stays closed. A full disk may have room again for the next line. */
  #fail(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException
    this.#lost += this.#pending.length
    this.#pending = this.#torn ? [Buffer.from('\n')] : []
    this.#pendingBytes = this.#pending.length
    this.#gone = code === 'EPIPE' || code === 'EBADF'
  }
}

function openToAppend(file: string): number {
  return openSync(file, 'a', 0o640)
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EAGAIN' || code === 'EINTR'
}
