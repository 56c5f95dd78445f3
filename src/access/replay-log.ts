import { crc32 } from 'node:zlib'
import type { ReplayMemory, ReplayVerdict } from './replay-memory.ts'

/** Bytes of a mark; more than the memory looks at. */
const MARK_SIZE = 16
const TIME_AT = MARK_SIZE
const CHECK_AT = TIME_AT + 4
/** Mark, Unix seconds of its arrival (u32; in old logs the time that a hello carried), CRC-32 of both; little-endian. */
export const REPLAY_RECORD = CHECK_AT + 4

/** Where records outlive the process; appending never throws and never waits for a disk's platter. */
export interface AppendOnlyLog {
  append(record: Uint8Array): void
}

/** The memory with a log by which it outlives the process: what is fresh is in the log before anybody hears so. */
export class LoggedReplayMemory {
  readonly #memory: ReplayMemory
  readonly #log: AppendOnlyLog
  readonly #record = Buffer.alloc(REPLAY_RECORD)

  constructor(memory: ReplayMemory, log: AppendOnlyLog) {
    this.#memory = memory
    this.#log = log
  }

  /** As {@link ReplayMemory.insert}. @param mark 16 bytes or more */
  insert(mark: Uint8Array, nowSeconds: number): ReplayVerdict {
    const verdict = this.#memory.insert(mark)
    if (verdict !== 'replay') {
      writeReplayRecord(this.#record, mark, nowSeconds)
      this.#log.append(this.#record)
    }
    return verdict
  }
}

export function writeReplayRecord(record: Buffer, mark: Uint8Array, seconds: number): void {
  record.set(mark.subarray(0, MARK_SIZE))
  record.writeUInt32LE(seconds, TIME_AT)
  record.writeUInt32LE(crc32(record.subarray(0, CHECK_AT)), CHECK_AT)
}

/**
 * Every whole record in the bytes. A torn one (a full disk, a machine that lost power) is skipped byte by byte until the
 * check fits again. Returns how many bytes are done with; the rest may be the beginning of a record.
 */
export function readReplayRecords(bytes: Buffer, onRecord: (mark: Buffer, seconds: number) => void): number {
  let at = 0
  while (at + REPLAY_RECORD <= bytes.length) {
    const check = crc32(bytes.subarray(at, at + CHECK_AT))
    if (check !== bytes.readUInt32LE(at + CHECK_AT)) {
      at++
      continue
    }
    onRecord(bytes.subarray(at, at + MARK_SIZE), bytes.readUInt32LE(at + TIME_AT))
    at += REPLAY_RECORD
  }
  return at
}

/** Puts back what the log holds, whatever time it says. @param chunks oldest first. Returns how many were put back. */
export function restoreReplays(chunks: Iterable<Buffer>, memory: ReplayMemory): number {
  let restored = 0
  let rest: Buffer = Buffer.alloc(0)
  for (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const done = readReplayRecords(bytes, (mark) => {
      if (memory.insert(mark) !== 'replay') restored++
    })
    // The next chunk may be read into the same memory.
    rest = Buffer.from(bytes.subarray(done))
  }
  return restored
}
