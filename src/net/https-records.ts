import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './endpoint.ts'
import { type OpenStream, straightStream } from './open-stream.ts'

export interface RecordsOptions {
  readonly serverName: string
  /** Sent before everything else. */
  readonly preamble: Uint8Array
  /** Milliseconds for everything. */
  readonly timeout: number
  /** Records after which enough is known. */
  readonly most: number
}

const HEADER = 5
const APPLICATION_DATA = 0x17

/**
 * Asks a site for `/` over TLS and HTTP/1.1 and returns the payload sizes of the encrypted records that came behind the
 * request, in their order. Whose certificate it is does not matter: nothing of the answer is used. Never rejects.
 */
export async function httpsRecords(
  to: Endpoint,
  options: RecordsOptions,
  open: OpenStream = straightStream(),
): Promise<number[]> {
  try {
    return await ask(await open(to, AbortSignal.timeout(options.timeout)), options)
  } catch {
    return []
  }
}

function ask(raw: Duplex, options: RecordsOptions): Promise<number[]> {
  const { promise, resolve } = Promise.withResolvers<number[]>()
  const { serverName, preamble, timeout, most } = options
  const sizes = new RecordSizes()
  const stream = tapped(raw, sizes)
  const tls = connectTls({
    socket: stream,
    servername: serverName,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  const finish = () => {
    clearTimeout(deadline)
    tls.destroy()
    raw.destroy()
    resolve(sizes.seen.slice(0, most))
  }
  const deadline = setTimeout(finish, timeout)
  if (preamble.length > 0) raw.write(preamble)
  tls.once('secureConnect', () => {
    sizes.seen.length = 0
    tls.write(`GET / HTTP/1.1\r\nHost: ${serverName}\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
  })
  tls.on('data', () => {
    if (sizes.seen.length >= most) finish()
  })
  tls.on('error', finish)
  tls.once('end', finish)
  tls.once('close', finish)
  return promise
}

/** The socket as a stream whose arriving bytes are also measured. */
function tapped(raw: Duplex, sizes: RecordSizes): Duplex {
  const stream = new Duplex({
    read: () => void raw.resume(),
    write: (chunk: Buffer, _encoding, done) => void raw.write(chunk, () => done()),
    final: (done) => void raw.end(() => done()),
  })
  raw.on('data', (bytes: Buffer) => {
    sizes.take(bytes)
    if (!stream.push(bytes)) raw.pause()
  })
  raw.on('end', () => stream.push(null))
  raw.on('error', (error) => stream.destroy(error))
  raw.on('close', () => stream.destroy())
  return stream
}

/** Lengths of encrypted records in a stream that is cut anyhow. */
class RecordSizes {
  readonly seen: number[] = []
  readonly #header: number[] = []
  #left = 0

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, bytes.length - at)
        this.#left -= part
        at += part
        continue
      }
      this.#header.push(bytes[at++]!)
      if (this.#header.length < HEADER) continue
      const [type, , , high, low] = this.#header.splice(0)
      this.#left = (high! << 8) | low!
      if (type === APPLICATION_DATA) this.seen.push(this.#left)
    }
  }
}
