/** CRC of bytes, continued from an earlier result. */
export type Checksum = (bytes: Uint8Array, before?: number) => number

const TABLES = 8
const POLYNOMIALS = { ieee: 0xedb88320, castagnoli: 0x82f63b78 }

/** Reflected, initial value and final XOR all ones; eight bytes a step (slicing-by-8, Kounavis and Berry 2005). */
function checksumOf(polynomial: number): Checksum {
  const tables = makeTables(polynomial)
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  return (bytes, before = 0) => {
    let crc = ~before
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      crc =
        t7[crc & 0xff]! ^
        t6[(crc >>> 8) & 0xff]! ^
        t5[(crc >>> 16) & 0xff]! ^
        t4[crc >>> 24]! ^
        t3[bytes[at + 4]!]! ^
        t2[bytes[at + 5]!]! ^
        t1[bytes[at + 6]!]! ^
        t0[bytes[at + 7]!]!
    }
    for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!
    return ~crc >>> 0
  }
}

function makeTables(polynomial: number): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
  const tables = [first]
  while (tables.length < TABLES) {
    const last = tables.at(-1)!
    tables.push(last.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!))
  }
  return tables
}

/** CRC-32 of IEEE 802.3. */
export const crc32: Checksum = checksumOf(POLYNOMIALS.ieee)
/** CRC-32C (RFC 3720 §12.1). */
export const crc32c: Checksum = checksumOf(POLYNOMIALS.castagnoli)
