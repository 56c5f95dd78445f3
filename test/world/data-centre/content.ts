import { createCipheriv, createHash } from 'node:crypto'

const BLOCK = 16
const CHUNK = 1 << 20

/**
 * Bytes `[offset, offset + length)` of an endless stream that the seed determines. Both ends of a transfer can
 * make them, so neither needs to keep them.
 */
export function contentBytes(seed: number, offset: number, length: number): Buffer {
  const key = createHash('sha256').update(`content ${seed}`).digest()
  const counter = Buffer.alloc(BLOCK)
  counter.writeBigUInt64BE(BigInt(Math.floor(offset / BLOCK)), 8)
  const into = offset % BLOCK
  const stream = createCipheriv('aes-256-ctr', key, counter).update(Buffer.alloc(into + length))
  return stream.subarray(into)
}

export function* contentChunks(seed: number, size: number, chunk = CHUNK): Generator<Buffer> {
  for (let at = 0; at < size; at += chunk) yield contentBytes(seed, at, Math.min(chunk, size - at))
}

/** Lowercase hex SHA-256 of the first `size` bytes. */
export function contentHash(seed: number, size: number): string {
  const hash = createHash('sha256')
  for (const chunk of contentChunks(seed, size)) hash.update(chunk)
  return hash.digest('hex')
}
