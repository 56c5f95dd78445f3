import type { InitMemory, InitVerdict } from './init-memory.ts'
import { type AppendOnlyLog, REPLAY_RECORD, readReplayRecords, writeReplayRecord } from './replay-log.ts'

/** Where the key material of an init begins (obfuscated2), of which so much is remembered. */
const MATERIAL_AT = 8
const MATERIAL_SIZE = 16

/** The memory of inits, and the log by which it outlives the process: what is fresh is in it before anybody hears so. */
export class RememberedInits {
  readonly #memory: InitMemory
  readonly #log: AppendOnlyLog
  readonly #record = Buffer.alloc(REPLAY_RECORD)

  constructor(memory: InitMemory, log: AppendOnlyLog) {
    this.#memory = memory
    this.#log = log
  }

  /** @param init 64 bytes, of which a copier can change the first eight and the last eight only */
  insert(init: Uint8Array, nowSeconds: number): InitVerdict {
    const material = init.subarray(MATERIAL_AT, MATERIAL_AT + MATERIAL_SIZE)
    const verdict = this.#memory.insert(material, nowSeconds)
    if (verdict !== 'replay') {
      writeReplayRecord(this.#record, material, nowSeconds)
      this.#log.append(this.#record)
    }
    return verdict
  }
}

/** Puts back what the log holds. Returns how many. */
export function restoreInits(chunks: Iterable<Buffer>, memory: InitMemory): number {
  let restored = 0
  let rest: Buffer = Buffer.alloc(0)
  for (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const done = readReplayRecords(bytes, (material, seconds) => {
      if (memory.insert(material, seconds) !== 'replay') restored++
    })
    rest = Buffer.from(bytes.subarray(done))
  }
  return restored
}
