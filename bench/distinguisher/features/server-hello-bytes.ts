const HEADER = 5
const RANDOM = { at: 11, size: 32 }
const KEY_SHARE = 0x0033
const SUPPORTED_VERSIONS = 0x002b

/** A ServerHello as it stands, whether or not a client would take it. RFC 8446 §4.1.3 */
export interface ServerHelloBytes {
  readonly legacyVersion: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  readonly compression: number
  /** In the order sent. */
  readonly extensions: readonly number[]
  readonly version: number
  readonly group: number
  readonly keyExchange: Uint8Array
}

/** Of the first record of a flight; undefined if that is no ServerHello. */
export function serverHelloBytes(flight: Uint8Array): ServerHelloBytes | undefined {
  const bytes = Buffer.from(flight.buffer, flight.byteOffset, flight.byteLength)
  if (bytes.length < RANDOM.at + RANDOM.size + 1 || bytes[0] !== 0x16 || bytes[HEADER] !== 2) return undefined
  const end = HEADER + bytes.readUInt16BE(3)
  if (bytes.length < end) return undefined
  try {
    return fields(bytes.subarray(0, end))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** @throws RangeError where a length leads out of the record */
function fields(record: Buffer): ServerHelloBytes {
  const sessionIdAt = RANDOM.at + RANDOM.size + 1
  const suiteAt = sessionIdAt + record.readUInt8(sessionIdAt - 1)
  const extensions: number[] = []
  let [version, group] = [0, 0]
  let keyExchange: Uint8Array = new Uint8Array()
  for (let at = suiteAt + 5; at < record.length; ) {
    const type = record.readUInt16BE(at)
    const size = record.readUInt16BE(at + 2)
    if (type === SUPPORTED_VERSIONS) version = record.readUInt16BE(at + 4)
    if (type === KEY_SHARE) {
      group = record.readUInt16BE(at + 4)
      keyExchange = record.subarray(at + 8, at + 4 + size)
    }
    extensions.push(type)
    at += 4 + size
  }
  return {
    legacyVersion: record.readUInt16BE(9),
    random: record.subarray(RANDOM.at, RANDOM.at + RANDOM.size),
    sessionId: record.subarray(sessionIdAt, suiteAt),
    cipherSuite: record.readUInt16BE(suiteAt),
    compression: record.readUInt8(suiteAt + 2),
    extensions,
    version,
    group,
    keyExchange,
  }
}
