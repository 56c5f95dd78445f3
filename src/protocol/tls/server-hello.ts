import type { Buffer } from 'node:buffer'
import { Cursor } from '../cursor.ts'
import {
  KEY_SHARE,
  MAX_SESSION_ID,
  RANDOM_SIZE,
  SERVER_HELLO,
  SUPPORTED_VERSIONS,
  TLS_13,
  VERSION_MAJOR,
} from './constants.ts'

export interface ServerHello {
  readonly cipherSuite: number
  /** The group of the key share. */
  readonly group: number
  /** Extension types in the order sent. */
  readonly extensions: readonly number[]
}

export type ServerHelloErrorCode = 'tls12' | 'hello_retry_request' | 'malformed'

/** SHA-256("HelloRetryRequest"), the random by which that message is known (RFC 8446 §4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/**
 * Reads the payload of a record that should hold one ServerHello of TLS 1.3 and nothing else (RFC 8446 §4.1.3).
 * 'tls12' stands for any version before 1.3. A message cut over records or followed by another is 'malformed'
 * for us: clients take exactly one record before the ChangeCipherSpec.
 */
export function readServerHello(payload: Buffer): ServerHello | ServerHelloErrorCode {
  const record = new Cursor(payload)
  if (record.u8() !== SERVER_HELLO) record.fail()
  const message = record.vector(record.u24())
  if (message.u16() >> 8 !== VERSION_MAJOR) message.fail()
  const random = message.take(RANDOM_SIZE)
  if (message.vector8().left > MAX_SESSION_ID) message.fail()
  const cipherSuite = message.u16()
  if (message.u8() !== 0) message.fail()

  const types = new Set<number>()
  let version = 0
  let group: number | undefined
  const block = message.left > 0 ? message.vector16() : message
  while (block.left > 0) {
    const type = block.u16()
    const body = block.vector16()
    if (types.has(type)) block.fail()
    types.add(type)
    if (type === SUPPORTED_VERSIONS) version = body.u16()
    if (type === KEY_SHARE) group = body.u16()
  }
  message.finish()
  if (record.broken) return 'malformed'
  if (random.toString('hex') === RETRY_RANDOM) return 'hello_retry_request'
  if (version !== TLS_13) return 'tls12'
  if (group === undefined || record.left > 0) return 'malformed'
  return { cipherSuite, group, extensions: [...types] }
}
