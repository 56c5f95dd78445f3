import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Endpoint } from './endpoint.ts'
import { type OpenStream, straightStream } from './open-stream.ts'
import type { QuietConnection } from './peer-keep-alive.ts'

/**
 * How an exchange ended. `quiet`: nothing came for the quiet time after the last byte, or `limit` bytes are here; `fin`: the
 * far side closed; `reset`: the connection broke; `timeout`: the overall time ran out; `refused`: no connection came about.
 */
export type ExchangeEnd = 'quiet' | 'fin' | 'reset' | 'timeout' | 'refused'

export interface Exchange {
  /** At most `limit` bytes, in the order of arrival. */
  readonly received: Buffer
  readonly end: ExchangeEnd
}

export interface ExchangeOptions {
  /** Milliseconds without a further byte after which the answer counts as whole; begins with the first byte received. */
  readonly quiet: number
  /** Milliseconds for everything, connecting included. */
  readonly timeout: number
  /** Bytes received at most. */
  readonly limit: number
  /** Called before it is closed, when the answer was followed by the quiet time on a connection of this host's own. */
  readonly onQuiet?: (connection: QuietConnection) => void
}

/** Sends `bytes` on a fresh connection and collects what comes back. For probes off the hot path; never rejects. */
export async function exchange(
  to: Endpoint,
  bytes: Uint8Array,
  options: ExchangeOptions,
  open: OpenStream = straightStream(),
): Promise<Exchange> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), options.timeout)
  try {
    const stream = await open(to, deadline.signal)
    return await converse(stream, bytes, options, deadline.signal)
  } catch {
    return { received: Buffer.alloc(0), end: deadline.signal.aborted ? 'timeout' : 'refused' }
  } finally {
    clearTimeout(timer)
  }
}

function converse(
  stream: Duplex,
  bytes: Uint8Array,
  options: ExchangeOptions,
  deadline: AbortSignal,
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>()
  const began = performance.now()
  const chunks: Buffer[] = []
  let received = 0
  let silence: NodeJS.Timeout | undefined
  const finish = (end: ExchangeEnd) => {
    deadline.removeEventListener('abort', late)
    clearTimeout(silence)
    stream.destroy()
    resolve({ received: Buffer.concat(chunks), end })
  }
  const late = () => finish('timeout')
  deadline.addEventListener('abort', late, { once: true })
  stream.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, options.limit - received)
    chunks.push(kept)
    received += kept.length
    if (received >= options.limit) return finish('quiet')
    clearTimeout(silence)
    silence = setTimeout(() => {
      const connection = options.onQuiet && quietConnection(stream, performance.now() - began)
      if (connection) options.onQuiet?.(connection)
      finish('quiet')
    }, options.quiet)
  })
  stream.once('end', () => finish('fin'))
  stream.on('error', () => finish('reset'))
  if (bytes.length > 0) stream.write(bytes)
  return promise
}

/** Undefined for unix sockets, and where another host holds the end that the far side sees. */
function quietConnection(stream: Duplex, age: number): QuietConnection | undefined {
  if (!(stream instanceof Socket)) return undefined
  const { localAddress, localPort, remoteAddress, remotePort } = stream
  if (localAddress === undefined || localPort === undefined) return undefined
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  const own = { address: localAddress, port: localPort }
  return { own, peer: { address: remoteAddress, port: remotePort }, age }
}
