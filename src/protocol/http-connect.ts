import { Buffer } from 'node:buffer'
import {
  FAILED,
  INCOMPLETE,
  type TunnelCredentials,
  type TunnelFailure,
  type TunnelHandshake,
  type TunnelStep,
  type TunnelTarget,
} from './tunnel.ts'

/** A proxy's answer with its headers; what is longer is not one. */
export const MAX_CONNECT_REPLY = 16 * 1024
const END_OF_HEADERS = '\r\n\r\n'
const START = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |\r\n)/

/** RFC 9110 §9.3.6, with Basic credentials (RFC 7617). */
export class HttpConnectHandshake implements TunnelHandshake {
  readonly #request: Buffer

  constructor({ host, port }: TunnelTarget, credentials?: TunnelCredentials) {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
    if (credentials) lines.push(`Proxy-Authorization: Basic ${basic(credentials)}`)
    this.#request = Buffer.from(lines.join('\r\n') + END_OF_HEADERS, 'latin1')
  }

  begin(): Buffer {
    return this.#request
  }

  read(bytes: Buffer): TunnelStep {
    const start = bytes.toString('latin1', 0, Math.min(bytes.length, START.length))
    if (!START.startsWith(start)) return FAILED('protocol')
    const end = bytes.subarray(0, MAX_CONNECT_REPLY).indexOf(END_OF_HEADERS, 0, 'latin1')
    if (end < 0) return bytes.length >= MAX_CONNECT_REPLY ? FAILED('protocol') : INCOMPLETE
    const status = STATUS_LINE.exec(bytes.toString('latin1', 0, end + 2))?.[1]
    if (status === undefined || status.startsWith('1')) return FAILED('protocol')
    // RFC 9110 §9.3.6: any 2xx, and whatever length its headers speak of does not count.
    if (status.startsWith('2')) return { state: 'open', consumed: end + END_OF_HEADERS.length }
    return FAILED(failureOf(status))
  }
}

function failureOf(status: string): TunnelFailure {
  switch (status) {
    case '401':
    case '407':
      return 'auth'
    case '403':
    case '405':
      return 'forbidden'
    case '502':
    case '503':
      return 'unreachable'
    case '504':
      return 'timeout'
    default:
      return 'error'
  }
}

function basic({ user, password }: TunnelCredentials): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64')
}
