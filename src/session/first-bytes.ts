import { INIT_SIZE, isOtherProtocol } from '../protocol/obfuscated2.ts'
import { type HelloErrorCode, MAX_CLIENT_HELLO, readClientHello } from '../protocol/tls/client-hello.ts'
import type { HelloResult } from './tee-results.ts'

/** What is kept of the client's first flight, bytes; a hello in the most records that we read is shorter. */
export const MAX_FIRST_FLIGHT = MAX_CLIENT_HELLO + 1024

export type FirstBytesReading =
  /** A hello, or something else of which more must come; `init_begins`: it is no TLS, and may be an init. */
  { state: 'more' } | { state: 'init_begins' } | HelloResult

/**
 * What a client's first bytes are; to be called again with the longer prefix whenever bytes come.
 * @param mayBeInit clients without FakeTLS are allowed here
 */
export function readFirstBytes(bytes: Buffer, mayBeInit: boolean): FirstBytesReading {
  const reading = readClientHello(bytes)
  switch (reading.state) {
    case 'complete':
      return { state: 'hello', hello: reading.hello }
    case 'incomplete':
      return bytes.length < MAX_FIRST_FLIGHT ? { state: 'more' } : { state: 'not_ours', code: 'too_long' }
    case 'bad':
      return mayBeInit ? readInit(bytes) : { state: 'not_ours', code: codeOf(reading.code) }
  }
}

/** The same of what is no TLS. */
export function readInit(bytes: Buffer): FirstBytesReading {
  if (isOtherProtocol(bytes)) return { state: 'not_ours', code: 'not_tls' }
  if (bytes.length < INIT_SIZE) return { state: 'init_begins' }
  const init = Buffer.from(bytes.subarray(0, INIT_SIZE))
  return { state: 'init', init, rest: Buffer.from(bytes.subarray(INIT_SIZE)) }
}

function codeOf(code: HelloErrorCode): 'not_tls' | 'malformed' | 'too_long' {
  return code === 'not_tls' || code === 'malformed' ? code : 'too_long'
}
