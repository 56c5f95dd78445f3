import { Buffer } from 'node:buffer'
import { addressBytes, IPV4_SIZE, IPV6_SIZE } from '../ip-address.ts'
import {
  boundEnd,
  FAILED,
  INCOMPLETE,
  type TunnelCredentials,
  type TunnelFailure,
  type TunnelHandshake,
  type TunnelStep,
  type TunnelTarget,
} from '../tunnel.ts'

const VERSION = 5
const NO_AUTHENTICATION = 0
const USER_PASSWORD = 2
const NOTHING_ACCEPTABLE = 0xff
/** RFC 1929 §2: the version of the sub-negotiation. */
const PASSWORD_VERSION = 1
const CONNECT = 1
const TYPE_IPV4 = 1
const TYPE_NAME = 3
const TYPE_IPV6 = 4
/** Behind version, reply, reserved byte and type. */
const ADDRESS_AT = 4
/** RFC 1929 and RFC 1928 give each of these one byte for its length. */
export const MAX_SOCKS_FIELD = 255

/** RFC 1928 §6. */
const REPLIES: Readonly<Record<number, TunnelFailure>> = {
  1: 'error',
  2: 'forbidden',
  3: 'unreachable',
  4: 'unreachable',
  5: 'refused',
  6: 'timeout',
  7: 'forbidden',
  8: 'forbidden',
}

/** RFC 1928 with user and password of RFC 1929. */
export class Socks5Handshake implements TunnelHandshake {
  readonly #target: TunnelTarget
  readonly #credentials: TunnelCredentials | undefined
  #phase: 'method' | 'password' | 'reply' = 'method'

  /** @throws RangeError for a name, user or password that has more than 255 bytes, or no byte */
  constructor(target: TunnelTarget, credentials?: TunnelCredentials) {
    this.#target = target
    this.#credentials = credentials
    field(target.host)
    if (credentials) this.#passwordRequest(credentials)
  }

  begin(): Buffer {
    return this.#credentials
      ? Buffer.from([VERSION, 2, NO_AUTHENTICATION, USER_PASSWORD])
      : Buffer.from([VERSION, 1, NO_AUTHENTICATION])
  }

  read(bytes: Buffer): TunnelStep {
    switch (this.#phase) {
      case 'method':
        return this.#readMethod(bytes)
      case 'password':
        return this.#readPassword(bytes)
      case 'reply':
        return readReply(bytes)
    }
  }

  #readMethod(bytes: Buffer): TunnelStep {
    if (bytes.length > 0 && bytes[0] !== VERSION) return FAILED('protocol')
    if (bytes.length < 2) return INCOMPLETE
    if (bytes[1] === NO_AUTHENTICATION) return this.#request(2)
    if (bytes[1] === USER_PASSWORD && this.#credentials) {
      this.#phase = 'password'
      return { state: 'send', bytes: this.#passwordRequest(this.#credentials), consumed: 2 }
    }
    return FAILED(bytes[1] === NOTHING_ACCEPTABLE ? 'auth' : 'protocol')
  }

  #readPassword(bytes: Buffer): TunnelStep {
    // Servers have been seen to answer with the version of the protocol in place of the sub-negotiation's.
    if (bytes.length > 0 && bytes[0] !== PASSWORD_VERSION && bytes[0] !== VERSION) return FAILED('protocol')
    if (bytes.length < 2) return INCOMPLETE
    return bytes[1] === 0 ? this.#request(2) : FAILED('auth')
  }

  #request(consumed: number): TunnelStep {
    this.#phase = 'reply'
    const { host, port } = this.#target
    const fixed = Buffer.from([VERSION, CONNECT, 0])
    return { state: 'send', bytes: Buffer.concat([fixed, addressField(host), portField(port)]), consumed }
  }

  #passwordRequest({ user, password }: TunnelCredentials): Buffer {
    return Buffer.concat([Buffer.from([PASSWORD_VERSION]), field(user), field(password)])
  }
}

function readReply(bytes: Buffer): TunnelStep {
  if (bytes.length > 0 && bytes[0] !== VERSION) return FAILED('protocol')
  if (bytes.length >= 2 && bytes[1] !== 0) return FAILED(REPLIES[bytes[1]!] ?? 'error')
  // Version, reply, reserved, type, and the first byte of the address, which may be a length.
  if (bytes.length < 5) return INCOMPLETE
  const address = boundAddressLength(bytes[3]!, bytes[4]!)
  if (address === undefined) return FAILED('protocol')
  const consumed = ADDRESS_AT + address + 2
  if (bytes.length < consumed) return INCOMPLETE
  if (bytes[3] === TYPE_NAME) return { state: 'open', consumed }
  const end = boundEnd(bytes.subarray(ADDRESS_AT, consumed - 2), bytes.readUInt16BE(consumed - 2))
  return { state: 'open', consumed, ...end }
}

function boundAddressLength(type: number, first: number): number | undefined {
  if (type === TYPE_IPV4) return IPV4_SIZE
  if (type === TYPE_IPV6) return IPV6_SIZE
  return type === TYPE_NAME ? 1 + first : undefined
}

/** Type and address of a target, as SOCKS5 (RFC 1928 §5) and Shadowsocks write them. */
export function addressField(host: string): Buffer {
  const bytes = addressBytes(host)
  if (bytes === undefined) return Buffer.concat([Buffer.from([TYPE_NAME]), field(host)])
  return Buffer.concat([Buffer.from([bytes.length === IPV4_SIZE ? TYPE_IPV4 : TYPE_IPV6]), bytes])
}

export function portField(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff])
}

function field(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length < 1 || bytes.length > MAX_SOCKS_FIELD) {
    throw new RangeError(`a field of SOCKS5 has 1 to ${MAX_SOCKS_FIELD} bytes, not ${bytes.length}`)
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
