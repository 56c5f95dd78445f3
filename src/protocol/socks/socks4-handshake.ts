import { Buffer } from 'node:buffer'
import { addressBytes, IPV4_SIZE } from '../ip-address.ts'
import {
  boundEnd,
  FAILED,
  INCOMPLETE,
  type TunnelHandshake,
  type TunnelStep,
  type TunnelTarget,
} from '../tunnel.ts'
import { portField } from './socks5-handshake.ts'

const VERSION = 4
const CONNECT = 1
const REPLY_SIZE = 8
const GRANTED = 90
const REJECTED = 91
const NO_IDENTD = 92
const OTHER_USER = 93
/** 0.0.0.x, x not zero: the address is a name that follows (the SOCKS 4A extension). */
const NAME_FOLLOWS = Buffer.from([0, 0, 0, 1])
const END = Buffer.from([0])

/** SOCKS 4 for IPv4 addresses, 4a for names. It has no form for IPv6. */
export class Socks4Handshake implements TunnelHandshake {
  readonly #request: Buffer

  /** @throws RangeError for an IPv6 target, or a zero byte in user or name */
  constructor({ host, port }: TunnelTarget, user = '') {
    const bytes = addressBytes(host)
    if (bytes && bytes.length !== IPV4_SIZE) throw new RangeError('SOCKS4 cannot reach an IPv6 address')
    if (`${user}${host}`.includes('\0')) throw new RangeError('a zero byte ends a field of SOCKS4')
    this.#request = Buffer.concat([
      Buffer.from([VERSION, CONNECT]),
      portField(port),
      bytes ?? NAME_FOLLOWS,
      Buffer.from(user, 'utf8'),
      END,
      ...(bytes ? [] : [Buffer.from(host, 'utf8'), END]),
    ])
  }

  begin(): Buffer {
    return this.#request
  }

  read(bytes: Buffer): TunnelStep {
    if (bytes.length > 0 && bytes[0] !== 0) return FAILED('protocol')
    if (bytes.length < REPLY_SIZE) return INCOMPLETE
    switch (bytes[1]) {
      case GRANTED:
        // The two fields are meant for BIND; some servers fill them in for CONNECT too.
        return {
          state: 'open',
          consumed: REPLY_SIZE,
          ...boundEnd(bytes.subarray(4, REPLY_SIZE), bytes.readUInt16BE(2)),
        }
      case REJECTED:
        return FAILED('error')
      case NO_IDENTD:
      case OTHER_USER:
        return FAILED('auth')
      default:
        return FAILED('protocol')
    }
  }
}
