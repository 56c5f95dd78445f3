import { TlReader, TlWriter } from './tl.ts'

/** What a data centre does once it has sent or received everything: keep the connection, FIN, or RST. */
export type Ending = 'keep' | 'fin' | 'reset'

/**
 * The first frame of a scripted client, in place of MTProto. From then on both directions are bare bytes inside
 * obfuscated2, without frames.
 */
export type RawCommand =
  /** Sends `bytes` of `contentBytes(seed, 0, …)` as fast as the peer takes them. */
  | { readonly kind: 'firehose'; readonly bytes: number; readonly seed: number; readonly then: Ending }
  | { readonly kind: 'echo' }
  /** Reads `bytes`, then answers with their SHA-256 (32 bytes). */
  | { readonly kind: 'sink'; readonly bytes: number; readonly then: Ending }
  /** Reads everything, says nothing. */
  | { readonly kind: 'mute' }
  /** Neither reads nor sends. */
  | { readonly kind: 'stall' }

const KINDS = ['firehose', 'echo', 'sink', 'mute', 'stall'] as const
const ENDINGS: readonly Ending[] = ['keep', 'fin', 'reset']
/** Stands where MTProto has the auth key id. */
const MARK = Buffer.from('prtcoraw')

/** 36 bytes. */
export function writeRawCommand(command: RawCommand): Buffer {
  const bytes = 'bytes' in command ? command.bytes : 0
  const seed = 'seed' in command ? command.seed : 0
  const ending = 'then' in command ? ENDINGS.indexOf(command.then) : 0
  return new TlWriter()
    .raw(MARK)
    .u32(KINDS.indexOf(command.kind), seed, ending)
    .u64(BigInt(bytes))
    .raw(Buffer.alloc(8))
    .done()
}

export function readRawCommand(frame: Buffer): RawCommand | undefined {
  if (!frame.subarray(0, MARK.length).equals(MARK)) return undefined
  const reader = new TlReader(frame, MARK.length)
  const kind = KINDS[reader.u32()]
  const seed = reader.u32()
  const ending = ENDINGS[reader.u32()] ?? 'keep'
  const bytes = Number(reader.u64())
  if (kind === 'firehose') return { kind, bytes, seed, then: ending }
  if (kind === 'sink') return { kind, bytes, then: ending }
  return kind && { kind }
}
