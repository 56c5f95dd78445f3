import { FULL_RECORD, MIN_RECORD } from '../protocol/tls/record.ts'

/** Content type and AEAD tag: what a record's payload has more than its plaintext (RFC 8446 §5.2). */
const OVERHEAD = MIN_RECORD - 1
/** So many records behind the first must be as large as their place allows, and not by chance. */
const OFTEN = 2

/**
 * The plaintext by which a site's records grow, from the sizes of an answer's records: Go's first record on a connection holds at most
 * 1,186 bytes, its second twice that, and so on up to full ones (crypto/tls, maxPayloadSizeForWrite). A record that ends a
 * write of the server is shorter and counts all the same. Undefined where there is no such ramp, or the answer was too short to tell.
 */
export function rampStep(sizes: readonly number[]): number | undefined {
  const step = (sizes[0] ?? 0) - OVERHEAD
  const limits = sizes.map((_, index) => Math.min(OVERHEAD + step * (index + 1), FULL_RECORD))
  if (step <= 0 || sizes.some((size, index) => size > limits[index]!)) return undefined
  const grown = sizes.filter((size, index) => index > 0 && size === limits[index] && size < FULL_RECORD)
  return grown.length >= OFTEN ? step : undefined
}
