import { crc32 } from 'node:zlib'
import { type ClockVerdict, clockVerdict } from '../protocol/tls/digest.ts'
import type { ReplaySet, ReplayVerdict } from './replay-set.ts'

/** Of the 32 bytes; more than the replay set looks at. */
const DIGEST_SIZE = 16
const TIME_AT = DIGEST_SIZE
const CHECK_AT = TIME_AT + 4
/** Digest, hello time (u32), CRC-32 of both; little-endian. */
export const REPLAY_RECORD = CHECK_AT + 4

/** Where records outlive the process; appending never throws and never waits for a disk's platter. */
export interface AppendOnlyLog {
  append(record: Uint8Array): void
}

/** The replay set with a memory that outlives the process: what is fresh is in the log before anybody hears so. */
export class RememberedHellos {
  readonly #set: ReplaySet
  readonly #log: AppendOnlyLog
  readonly #record = Buffer.alloc(REPLAY_RECORD)

  constructor(set: ReplaySet, log: AppendOnlyLog) {
    this.#set = set
    this.#log = log
  }

  /** As {@link ReplaySet.insert}. */
  insert(digest: Uint8Array, helloSeconds: number): ReplayVerdict {
    const verdict = this.#set.insert(digest, helloSeconds)
    if (verdict === 'fresh') {
      writeReplayRecord(this.#record, digest, helloSeconds)
      this.#log.append(this.#record)
    }
    return verdict
  }
}

export function writeReplayRecord(record: Buffer, digest: Uint8Array, helloSeconds: number): void {
  record.set(digest.subarray(0, DIGEST_SIZE))
  record.writeUInt32LE(helloSeconds, TIME_AT)
  record.writeUInt32LE(crc32(record.subarray(0, CHECK_AT)), CHECK_AT)
}

/**
 * Every whole record in the bytes. A torn one (a full disk, a machine that lost power) is skipped byte by byte until the
 * check fits again. Returns how many bytes are done with; the rest may be the beginning of a record.
 */
export function readReplayRecords(
  bytes: Buffer,
  onRecord: (digest: Buffer, helloSeconds: number) => void,
): number {
  let at = 0
  while (at + REPLAY_RECORD <= bytes.length) {
    const check = crc32(bytes.subarray(at, at + CHECK_AT))
    if (check !== bytes.readUInt32LE(at + CHECK_AT)) {
      at++
      continue
    }
    onRecord(bytes.subarray(at, at + DIGEST_SIZE), bytes.readUInt32LE(at + TIME_AT))
    at += REPLAY_RECORD
  }
  return at
}

/**
 * Puts what the log holds back into the set; what no valid hello can carry any more stays out, because it would take the
 * place of one that can. Returns how many were put back.
 */
export function restoreHellos(
  chunks: Iterable<Buffer>,
  set: ReplaySet,
  { nowSeconds, skewSeconds }: { nowSeconds: number; skewSeconds: number },
): number {
  let restored = 0
  let rest: Buffer = Buffer.alloc(0)
  for (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const done = readReplayRecords(bytes, (digest, helloSeconds) => {
      const verdict: ClockVerdict = clockVerdict(helloSeconds, nowSeconds, skewSeconds)
      if (verdict === 'ok' && set.insert(digest, helloSeconds) === 'fresh') restored++
    })
    // The next chunk may be read into the same memory.
    rest = Buffer.from(bytes.subarray(done))
  }
  return restored
}
