import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

/**
 * The address under which a STUN server sees this host: a binding request and its answer (RFC 8489).
 *
 *   header     type 2 · length of the attributes 2 · magic cookie 4 · transaction id 12
 *   attribute  type 2 · length 2 · value, padded to a multiple of four
 *   address    zero 1 · family 1 (1: IPv4, 2: IPv6) · port 2 · address 4 or 16
 */
const HEADER_SIZE = 20
const MAGIC_COOKIE = 0x2112_a442
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const BINDING_ERROR = 0x0111
/** What servers of before RFC 5389 send, and some ALGs rewrite: taken only where the other is absent. */
const MAPPED_ADDRESS = 0x0001
const XOR_MAPPED_ADDRESS = 0x0020
const TRANSACTION_SIZE = 12
const MAX_ATTRIBUTES = 64

export type StunAnswer =
  | { readonly state: 'address'; readonly address: string; readonly port: number }
  | { readonly state: 'refused' }
  | { readonly state: 'bad'; readonly code: 'malformed' | 'not_ours' | 'no_address' }

/** @param transaction 12 bytes */
export function writeBindingRequest(transaction: Uint8Array): Buffer {
  const request = Buffer.alloc(HEADER_SIZE)
  request.writeUInt16BE(BINDING_REQUEST, 0)
  request.writeUInt32BE(MAGIC_COOKIE, 4)
  request.set(transaction.subarray(0, TRANSACTION_SIZE), 8)
  return request
}

/** What a datagram says to the request of this transaction. Never throws, whatever the bytes. */
export function readBindingAnswer(message: Buffer, transaction: Uint8Array): StunAnswer {
  if (message.length < HEADER_SIZE) return { state: 'bad', code: 'malformed' }
  const isOurs =
    message.readUInt32BE(4) === MAGIC_COOKIE && message.subarray(8, HEADER_SIZE).equals(transaction)
  if (!isOurs) return { state: 'bad', code: 'not_ours' }
  const type = message.readUInt16BE(0)
  if (type === BINDING_ERROR) return { state: 'refused' }
  const length = message.readUInt16BE(2)
  if (type !== BINDING_SUCCESS || length % 4 !== 0 || HEADER_SIZE + length !== message.length) {
    return { state: 'bad', code: 'malformed' }
  }
  return readAttributes(message)
}

function readAttributes(message: Buffer): StunAnswer {
  let plain: StunAnswer | undefined
  let at = HEADER_SIZE
  for (let count = 0; at < message.length && count < MAX_ATTRIBUTES; count++) {
    const type = message.readUInt16BE(at)
    const size = message.readUInt16BE(at + 2)
    const value = message.subarray(at + 4, at + 4 + size)
    if (value.length < size) return { state: 'bad', code: 'malformed' }
    if (type === XOR_MAPPED_ADDRESS) return readAddress(value, message.subarray(4, HEADER_SIZE))
    if (type === MAPPED_ADDRESS) plain ??= readAddress(value, Buffer.alloc(HEADER_SIZE - 4))
    at += 4 + Math.ceil(size / 4) * 4
  }
  return plain ?? { state: 'bad', code: 'no_address' }
}

/** @param mask the magic cookie and the transaction id, or zeros */
function readAddress(value: Buffer, mask: Buffer): StunAnswer {
  const size = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0
  if (size === 0 || value.length !== 4 + size) return { state: 'bad', code: 'malformed' }
  const port = value.readUInt16BE(2) ^ mask.readUInt16BE(0)
  const bytes = value.subarray(4).map((byte, index) => byte ^ (mask[index] ?? 0))
  const address = size === 4 ? bytes.join('.') : ipv6Text(bytes)
  return { state: 'address', address, port }
}

function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[2 * at]! << 8) | bytes[2 * at + 1]!).toString(16),
  )
  // The WHATWG URL parser writes as RFC 5952 does.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

/** RFC 8489 §6.2.1: the first wait, doubled by each further one; three requests in 3.5 s. */
const FIRST_WAIT = 500
const REQUESTS = 3

/** Asks one server. Undefined: no answer that can be used. @param address of the server; its family is the one that is asked about */
export function askStun(address: string, port: number): Promise<string | undefined> {
  const transaction = randomBytes(TRANSACTION_SIZE)
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const finish = (found: string | undefined) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      resolve(found)
    }
    const send = (sent: number, wait: number) => {
      if (sent === REQUESTS) return finish(undefined)
      socket.send(writeBindingRequest(transaction))
      timer = setTimeout(send, wait, sent + 1, wait * 2)
    }
    socket.once('error', () => finish(undefined))
    socket.on('message', (message) => {
      const answer = readBindingAnswer(message, transaction)
      if (answer.state === 'address') finish(answer.address)
      else if (answer.state === 'refused') finish(undefined)
    })
    socket.connect(port, address, () => send(0, FIRST_WAIT))
  })
}
