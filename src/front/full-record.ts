import { FULL_RECORD, LEAST_FULL_RECORD } from '../protocol/tls/record.ts'

/** So often must a size come before it is taken for a limit and not for the end of a page. */
const OFTEN = 3

/**
 * The payload of the largest records that a site sends, from the sizes of an answer's records: some are configured to send
 * small ones (nginx: ssl_buffer_size). Undefined where full records came, or the answer was too short to tell.
 */
export function fullRecord(sizes: readonly number[]): number | undefined {
  const largest = Math.max(0, ...sizes)
  if (largest < LEAST_FULL_RECORD || largest >= FULL_RECORD) return undefined
  return sizes.filter((size) => size === largest).length >= OFTEN ? largest : undefined
}
