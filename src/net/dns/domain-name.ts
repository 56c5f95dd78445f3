/** Bytes of a whole name on the wire, its last zero included, and of one label (RFC 1035 §2.3.4). */
const MAX_NAME = 255
const MAX_LABEL = 63

/** The two upper bits of a length: 00 a label, 11 a pointer to where the rest stands (RFC 1035 §4.1.4). */
const KIND_BITS = 0xc0
const POINTER = 0xc0

/** As it goes on the wire, uncompressed. Undefined: no such name can be asked for. */
export function writeName(name: string): Buffer | undefined {
  const labels = name.replace(/\.$/, '').split('.')
  const bytes: Buffer[] = []
  for (const label of labels) {
    const text = Buffer.from(label, 'latin1')
    if (text.length === 0 || text.length > MAX_LABEL || text.toString('latin1') !== label) return undefined
    bytes.push(Buffer.of(text.length), text)
  }
  const whole = Buffer.concat([...bytes, Buffer.of(0)])
  return whole.length > MAX_NAME ? undefined : whole
}

export interface NameReading {
  /** In lower case, without the last dot; a dot inside a label has a backslash before it. */
  readonly name: string
  /** Behind the name where it stands: behind its pointer, if it has one. */
  readonly next: number
}

/**
 * Reads a name of a message. Each pointer must lead further back than the one before and than the name itself, so that
 * none can be met twice. Undefined: no name.
 */
export function readName(message: Uint8Array, start: number): NameReading | undefined {
  const labels: string[] = []
  let length = 1
  let at = start
  let furthest = start
  let next: number | undefined
  for (;;) {
    const size = message[at]
    if (size === undefined) return undefined
    if ((size & KIND_BITS) === POINTER) {
      const low = message[at + 1]
      if (low === undefined) return undefined
      const target = ((size & ~KIND_BITS) << 8) | low
      if (target >= furthest) return undefined
      next ??= at + 2
      furthest = target
      at = target
      continue
    }
    if (size > MAX_LABEL) return undefined
    at++
    if (size === 0) return { name: labels.join('.'), next: next ?? at }
    length += 1 + size
    if (length > MAX_NAME || at + size > message.length) return undefined
    labels.push(labelText(message.subarray(at, at + size)))
    at += size
  }
}

function labelText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').toLowerCase().replace(/[\\.]/g, '\\$&')
}
