const HEADER = 5
const SERVER_RANDOM = { at: 11, size: 32 }
const KEY_SHARE = 0x0033
/** RFC 8446 §4.1.3: the random of a HelloRetryRequest. */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')

export interface TlsRecord {
  readonly type: number
  readonly offset: number
  /** Of the payload, as its header says. */
  readonly length: number
  /** The payload as far as it is here. */
  readonly payload: Buffer
}

/** The records of a stream; the last may be cut. `rest`: what is not a record any more. */
export function tlsRecords(bytes: Buffer): { records: TlsRecord[]; rest: Buffer } {
  const records: TlsRecord[] = []
  let at = 0
  while (bytes.length - at >= HEADER && looksLikeRecord(bytes, at)) {
    const length = bytes.readUInt16BE(at + 3)
    const payload = bytes.subarray(at + HEADER, at + HEADER + length)
    records.push({ type: bytes[at]!, offset: at, length, payload })
    at += HEADER + length
  }
  return { records, rest: bytes.subarray(at) }
}

function looksLikeRecord(bytes: Buffer, at: number): boolean {
  return bytes[at]! >= 0x14 && bytes[at]! <= 0x17 && bytes[at + 1] === 3
}

/** What two answers of one server have in common: a line for each record, everything drawn at random masked. */
export function describeBytes(bytes: Buffer): string[] {
  const { records, rest } = tlsRecords(bytes)
  const lines = records.map(describeRecord)
  if (rest.length > 0) lines.push(`bytes ${maskDate(rest.toString('latin1'))}`)
  return lines
}

function describeRecord(record: TlsRecord): string {
  const { type, length, payload } = record
  const cut = payload.length < length ? ` cut at ${payload.length}` : ''
  if (type === 0x16 && payload[0] === 2 && !cut) return describeServerHello(payload)
  if (type === 0x16) return `handshake ${length}${cut}`
  if (type === 0x17) return `data ${length}${cut}`
  const name = type === 0x15 ? 'alert' : 'ccs'
  return length > 2 ? `${name} ${length}${cut}` : `${name} ${payload.toString('hex')}${cut}`
}

/** Random, session id and the keys of key shares are masked; everything else stands. */
function describeServerHello(payload: Buffer): string {
  const masked = Buffer.from(payload)
  const randomAt = SERVER_RANDOM.at - HEADER
  const random = masked.subarray(randomAt, randomAt + SERVER_RANDOM.size)
  const name = random.equals(RETRY) ? 'HelloRetryRequest' : 'ServerHello'
  random.fill(0)
  const sessionId = masked.subarray(randomAt + 33, randomAt + 33 + masked[randomAt + 32]!)
  sessionId.fill(0)
  const extensionsAt = randomAt + 33 + sessionId.length + 5
  for (let at = extensionsAt; at + 4 <= masked.length; at += 4 + masked.readUInt16BE(at + 2)) {
    if (masked.readUInt16BE(at) === KEY_SHARE) masked.fill(0, at + 8, at + 4 + masked.readUInt16BE(at + 2))
  }
  const text = masked.toString('hex').replace(/(00){8,}/g, (zeros) => `[${zeros.length / 2}]`)
  return `${name} ${text}`
}

function maskDate(text: string): string {
  return text.replace(/^(date|last-modified): .*$/gim, '$1: -')
}

/** As portico answers before a front that sends several encrypted records: the first `count` of them in one. */
export function mergeFlight(bytes: Buffer, count: number): Buffer {
  const encrypted = tlsRecords(bytes).records.filter(({ type }) => type === 0x17)
  const first = encrypted[0]
  const last = encrypted[count - 1]
  if (!first || !last) return bytes
  const merged = Buffer.from(bytes)
  merged.writeUInt16BE(last.offset + HEADER + last.length - first.offset - HEADER, first.offset + 3)
  return merged
}
