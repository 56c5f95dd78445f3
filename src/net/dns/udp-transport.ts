import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { DnsTransport } from './server.ts'

/** A datagram that is lost is sent again, from another port, after so long, milliseconds. */
const AGAIN = 800

/**
 * One socket for each question: the kernel draws its port at random, so that whoever guesses must guess that too, and a
 * connected one hears nobody but the server.
 */
export function udpTransport(host: string, port: number): DnsTransport {
  return {
    ask: async (questions, take, signal) => {
      await Promise.all(questions.map((question) => askOne(host, port, question, take, signal)))
    },
  }
}

function askOne(
  host: string,
  port: number,
  question: Buffer,
  take: (answer: Buffer) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sockets: Socket[] = []
    const finish = (error?: Error) => {
      clearTimeout(again)
      signal.removeEventListener('abort', aborted)
      for (const socket of sockets) socket.close()
      if (error) reject(error)
      else resolve()
    }
    const aborted = () => finish(new Error('no answer in time'))
    const send = () => {
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      sockets.push(socket)
      socket.on('error', finish)
      socket.on('message', (answer) => {
        if (take(answer)) finish()
      })
      socket.connect(port, host, () => socket.send(question))
    }
    const again = setTimeout(send, AGAIN)
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    send()
  })
}
