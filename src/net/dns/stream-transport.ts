import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { DnsTransport } from './server.ts'

/** A length in 16 bits before each message (RFC 1035 §4.2.2). */
const LENGTH_SIZE = 2

/** DNS over TCP: for what is too long for a datagram. */
export function tcpTransport(host: string, port: number): DnsTransport {
  return overStream(() => connectTcp({ host, port, noDelay: true }), 'connect')
}

/** DNS over TLS. The certificate must be the server's: another one is an error, never a way. */
export function tlsTransport(host: string, port: number, name = host): DnsTransport {
  const servername = isIP(name) === 0 ? { servername: name } : { servername: '' }
  return overStream(
    () => connectTls({ host, port, ...servername, ALPNProtocols: ['dot'], minVersion: 'TLSv1.2' }),
    'secureConnect',
  )
}

function overStream(open: () => Socket, ready: 'connect' | 'secureConnect'): DnsTransport {
  return {
    ask: (questions, take, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(new Error('no answer in time'))
        const socket = open()
        let awaited = questions.length
        const finish = (error?: Error) => {
          signal.removeEventListener('abort', aborted)
          socket.destroy()
          if (error) reject(error)
          else resolve()
        }
        const aborted = () => finish(new Error('no answer in time'))
        signal.addEventListener('abort', aborted, { once: true })
        const messages = new MessageReader((message) => {
          if (take(message) && --awaited === 0) finish()
        })
        socket.once(ready, () => {
          for (const question of questions) socket.write(framed(question))
        })
        socket.on('data', (bytes: Buffer) => messages.push(bytes))
        socket.on('error', finish)
        socket.once('close', () => finish(new Error('closed before its answer')))
      }),
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_SIZE)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Cuts a stream into messages, however it was split. Keeps at most one message, of 65,535 bytes. */
export class MessageReader {
  readonly #take: (message: Buffer) => void
  #kept = Buffer.alloc(0)

  constructor(take: (message: Buffer) => void) {
    this.#take = take
  }

  push(bytes: Buffer): void {
    let rest = Buffer.concat([this.#kept, bytes])
    while (rest.length >= LENGTH_SIZE) {
      const end = LENGTH_SIZE + rest.readUInt16BE(0)
      if (rest.length < end) break
      this.#take(rest.subarray(LENGTH_SIZE, end))
      rest = rest.subarray(end)
    }
    this.#kept = Buffer.from(rest)
  }
}
