import type { Wire } from './wire.ts'

/** What a scripted proxy has been asked for, and how it can answer. */
export interface ProxyRequest {
  readonly host: string
  readonly port: number
  /** Nothing where the protocol has no answer. */
  readonly accept: Buffer
  /** The bytes of the target inside the protocol. */
  seal(plain: Buffer): Buffer
  /** Of the client; empty at its end. */
  next(): Promise<Buffer>
}

/** Reads a request; undefined where the proxy has turned the client away already. */
export type Dialect = (wire: Wire) => Promise<ProxyRequest | undefined>

export const LOGIN = { user: 'me', password: 'p@ss:word' }

/** No proxy: whoever connects is at the target. */
export const straight: Dialect = async (wire) =>
  request(wire, wire.socket.localAddress!, wire.socket.localPort!)

/** RFC 1928, and RFC 1929 where a login is wanted. */
export const socks5 =
  (login?: typeof LOGIN): Dialect =>
  async (wire) => {
    const [, methods] = await wire.read(2)
    const offered = await wire.read(methods!)
    const wanted = login ? 2 : 0
    if (!offered.includes(wanted)) return turnAway(wire, [5, 0xff])
    await wire.send(Buffer.from([5, wanted]))
    if (login) {
      await wire.read(1)
      const [user, password] = [await field(wire), await field(wire)]
      if (user !== login.user || password !== login.password) return turnAway(wire, [1, 1])
      await wire.send(Buffer.from([1, 0]))
    }
    await wire.read(3)
    const { host, port } = await readAddress(wire)
    return request(wire, host, port, Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 4, 1]))
  }

/** SOCKS 4, and 4A where the address is 0.0.0.x. */
export const socks4: Dialect = async (wire) => {
  const head = await wire.read(8)
  await wire.readTo('\0')
  const address = head.subarray(4)
  const isNamed = address.readUInt32BE() < 256
  const host = isNamed ? (await wire.readTo('\0')).toString('latin1').slice(0, -1) : [...address].join('.')
  return request(wire, host, head.readUInt16BE(2), Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]))
}

/** RFC 9110 §9.3.6. */
export const connect =
  (login?: typeof LOGIN): Dialect =>
  async (wire) => {
    const text = (await wire.readTo('\r\n\r\n')).toString('latin1')
    const basic = login && Buffer.from(`${login.user}:${login.password}`).toString('base64')
    if (basic && !text.includes(`Proxy-Authorization: Basic ${basic}\r\n`)) {
      return turnAway(wire, 'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
    }
    const [, host, port] = /^CONNECT \[?(.*?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(text)!
    return request(wire, host!, Number(port), Buffer.from('HTTP/1.1 200 OK\r\nVia: test\r\n\r\n'))
  }

function request(wire: Wire, host: string, port: number, accept = Buffer.alloc(0)): ProxyRequest {
  return { host, port, accept, seal: (plain) => plain, next: () => wire.readSome() }
}

function turnAway(wire: Wire, answer: string | readonly number[]): undefined {
  wire.socket.end(typeof answer === 'string' ? answer : Buffer.from(answer))
}

async function field(wire: Wire): Promise<string> {
  return (await wire.read((await wire.read(1))[0]!)).toString()
}

/** Type, address and port as SOCKS5 and Shadowsocks write them (RFC 1928 §5). */
export async function readAddress(wire: Pick<Wire, 'read'>): Promise<{ host: string; port: number }> {
  const [type] = await wire.read(1)
  const length = type === 3 ? (await wire.read(1))[0]! : type === 1 ? 4 : 16
  const bytes = await wire.read(length)
  const port = (await wire.read(2)).readUInt16BE()
  if (type === 3) return { host: bytes.toString(), port }
  if (type === 1) return { host: [...bytes].join('.'), port }
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  // As a URL shortens it.
  return { host: new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1), port }
}
