/** Of a ClientHello in one record: the last four bytes of its random. */
const TIME_AT = 11 + 28

/**
 * A captured hello that carries another time, as whoever has no secret can make it: the time is XORed into the random,
 * little-endian, and the digest covers none of its bytes.
 * @param flip what is XORed into the time: one bit changes it by so many seconds, forwards or back
 */
export function retimed(hello: Buffer, flip: number): Buffer {
  const copy = Buffer.from(hello)
  copy.writeUInt32LE((copy.readUInt32LE(TIME_AT) ^ flip) >>> 0, TIME_AT)
  return copy
}
