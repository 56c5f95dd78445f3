import { Buffer } from 'node:buffer'
import { u16At } from '../cursor.ts'
import { INIT_SIZE } from '../obfuscated2.ts'
import {
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  MAX_CIPHERTEXT_RECORD,
  RECORD_HEADER,
  VERSION_MAJOR,
  VERSION_MINOR,
} from './constants.ts'
import { RecordStripper } from './record.ts'

/** ChangeCipherSpec records that may come first; clients send one, and fronts answer a flood of them with an alert. */
export const MAX_LEADING_CCS = 32

export type FirstDataErrorCode = 'wrong_type' | 'empty_record' | 'too_many_ccs' | 'record_too_long'

export type FirstDataReading =
  /** `started`: a record of application data has begun. */
  | { state: 'incomplete'; started: boolean }
  /** `rest`: payload behind the init that is here already. `stripper`: positioned behind it. Both are fresh. */
  | { state: 'complete'; init: Buffer; rest: Buffer; stripper: RecordStripper }
  | { state: 'bad'; code: FirstDataErrorCode }

/**
 * Reads what the client sent after our flight, from its first byte: ChangeCipherSpec records, then the 64 bytes of the
 * obfuscated2 init over one or more records of application data. Stateless, and `bytes` stay untouched, so that they
 * can still go to the front. Until the init is complete, records keep to the limit of RFC 8446 §5.2, as before any real server.
 * Behind it, any record that is not `17 03 03` is 'wrong_type'.
 */
export function readFirstData(bytes: Uint8Array): FirstDataReading {
  let at = 0
  let leading = 0
  let dataAt = -1
  let gathered = 0
  while (gathered < INIT_SIZE) {
    const started = dataAt >= 0
    const fault = headerFault(bytes, at, started)
    if (fault !== undefined) return { state: 'bad', code: fault }
    const isData = bytes[at] === APPLICATION_DATA
    if (bytes.length < at + RECORD_HEADER) return { state: 'incomplete', started: started || isData }

    const length = u16At(bytes, at + 3)
    const end = at + RECORD_HEADER + length
    if (isData) {
      if (!started) dataAt = at
      gathered += Math.min(end, bytes.length) - at - RECORD_HEADER
    } else {
      if (++leading > MAX_LEADING_CCS) return { state: 'bad', code: 'too_many_ccs' }
      // Any other value is an error in TLS 1.3 (RFC 8446 §5).
      if (bytes.length >= end && bytes[end - 1] !== 1) return { state: 'bad', code: 'wrong_type' }
    }
    if (bytes.length < end && gathered < INIT_SIZE) return { state: 'incomplete', started: dataAt >= 0 }
    at = end
  }
  const payload = Buffer.from(bytes.subarray(dataAt))
  const stripper = new RecordStripper()
  const length = stripper.strip(payload, 0, payload.length)
  if (length < 0) return { state: 'bad', code: 'wrong_type' }
  return {
    state: 'complete',
    init: payload.subarray(0, INIT_SIZE),
    rest: payload.subarray(INIT_SIZE, length),
    stripper,
  }
}

/** The first fault in the order of the bytes, so that a longer prefix never changes the verdict. */
function headerFault(bytes: Uint8Array, at: number, started: boolean): FirstDataErrorCode | undefined {
  const left = bytes.length - at
  const isChange = bytes[at] === CHANGE_CIPHER_SPEC
  if (left > 0 && bytes[at] !== APPLICATION_DATA && (started || !isChange)) return 'wrong_type'
  if (left > 1 && bytes[at + 1] !== VERSION_MAJOR) return 'wrong_type'
  if (left > 2 && bytes[at + 2] !== VERSION_MINOR) return 'wrong_type'
  if (left < RECORD_HEADER) return undefined
  const length = u16At(bytes, at + 3)
  if (length === 0) return 'empty_record'
  if (isChange) return length === 1 ? undefined : 'wrong_type'
  return length > MAX_CIPHERTEXT_RECORD ? 'record_too_long' : undefined
}
