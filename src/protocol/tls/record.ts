import { Buffer } from 'node:buffer'
import {
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  RECORD_HEADER,
  VERSION_MAJOR,
  VERSION_MINOR,
} from './constants.ts'

/** Payload of the full records that every real stack sends: 16,384 plus content type and AEAD tag (RFC 8446 §5.2). */
export const FULL_RECORD = 16_401

/** The least that we take for a full record, where a site sends smaller ones: room for headers is laid out for it. */
export const LEAST_FULL_RECORD = 2048

/**
 * Payload of the smallest record that a real stack sends: one byte, its content type, the tag.
 * `frameRecords` itself frames what it is given: where the rest after full records is shorter than this, its caller
 * chooses another amount.
 */
export const MIN_RECORD = 18

/** Bytes that `n` bytes of payload take on the wire, in records of at most `full`. */
export function framedSize(n: number, full = FULL_RECORD): number {
  return n + RECORD_HEADER * Math.ceil(n / full)
}

/**
 * Frames input[from, from+n) into `out` at offset `at`: records of `full` bytes, then one with the rest. Returns the offset after
 * the last byte. `out` must have room for `framedSize(n)`. The record with the rest may be as short as one byte.
 */
export function frameRecords(
  out: Buffer,
  at: number,
  input: Uint8Array,
  from: number,
  n: number,
  full = FULL_RECORD,
): number {
  const end = from + n
  let read = from
  let write = at
  while (read < end) {
    const length = Math.min(end - read, full)
    out[write] = APPLICATION_DATA
    out[write + 1] = VERSION_MAJOR
    out[write + 2] = VERSION_MINOR
    out[write + 3] = length >> 8
    out[write + 4] = length & 0xff
    Buffer.prototype.copy.call(input, out, write + RECORD_HEADER, read, read + length)
    read += length
    write += RECORD_HEADER + length
  }
  return write
}

export const BAD_RECORD_TYPE = -1
export const BAD_RECORD_VERSION = -2

/**
 * Takes record headers out of a client's bytes, in place, however the bytes were cut: it keeps its place in a header
 * or payload between calls. Records of any length that a u16 can say are taken; empty ones are skipped.
 * A failure is final: every later call returns it again.
 */
export class RecordStripper {
  /** While true, `14 03 03 00 01 xx` is skipped; otherwise it is a bad type. */
  allowChangeCipherSpec = false

  private failure = 0
  /** Bytes of the next header that were read, 0..4. */
  private header = 0
  private skipping = false
  private length = 0
  private left = 0

  /**
   * Moves the payload within input[from, from+n) to its front and returns how many bytes that is, or a negative
   * code. The bytes behind the payload are unspecified then.
   */
  strip(input: Uint8Array, from: number, n: number): number {
    const end = from + n
    let read = from
    let write = from
    while (read < end && this.failure === 0) {
      if (this.left === 0) {
        this.readHeaderByte(input[read]!)
        read++
        continue
      }
      const part = Math.min(this.left, end - read)
      if (!this.skipping) {
        if (write !== read) input.copyWithin(write, read, read + part)
        write += part
      }
      read += part
      this.left -= part
    }
    return this.failure === 0 ? write - from : this.failure
  }

  private readHeaderByte(byte: number): void {
    switch (this.header++) {
      case 0:
        this.skipping = byte === CHANGE_CIPHER_SPEC && this.allowChangeCipherSpec
        if (byte !== APPLICATION_DATA && !this.skipping) this.failure = BAD_RECORD_TYPE
        return
      case 1:
        if (byte !== VERSION_MAJOR) this.failure = BAD_RECORD_VERSION
        return
      case 2:
        if (byte !== VERSION_MINOR) this.failure = BAD_RECORD_VERSION
        return
      case 3:
        this.length = byte << 8
        return
      default:
        this.left = this.length | byte
        this.header = 0
        if (this.skipping && this.left !== 1) this.failure = BAD_RECORD_TYPE
    }
  }
}
