import { connect, type Socket } from 'node:net'
import type { Endpoint } from './endpoint.ts'

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
}

/** Sends `bytes` on a fresh connection and collects what comes back. For probes off the hot path; never rejects. */
export function exchange(to: Endpoint, bytes: Uint8Array, options: ExchangeOptions): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>()
  const socket = socketTo(to)
  if (socket === undefined) {
    resolve({ received: Buffer.alloc(0), end: 'refused' })
    return promise
  }
  const chunks: Buffer[] = []
  let received = 0
  let connected = false
  let silence: NodeJS.Timeout | undefined
  const deadline = setTimeout(() => finish('timeout'), options.timeout)

  const finish = (end: ExchangeEnd) => {
    clearTimeout(deadline)
    clearTimeout(silence)
    socket.destroy()
    resolve({ received: Buffer.concat(chunks), end })
  }
  socket.once('connect', () => {
    connected = true
    if (bytes.length > 0) socket.write(bytes)
  })
  socket.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, options.limit - received)
    chunks.push(kept)
    received += kept.length
    if (received >= options.limit) return finish('quiet')
    clearTimeout(silence)
    silence = setTimeout(() => finish('quiet'), options.quiet)
  })
  socket.once('end', () => finish('fin'))
  socket.on('error', () => finish(connected ? 'reset' : 'refused'))
  return promise
}

/** Undefined where the address itself is impossible (a port beyond 65,535): node:net throws there instead of emitting. */
export function socketTo(to: Endpoint, options: { allowHalfOpen?: boolean } = {}): Socket | undefined {
  try {
    const socket =
      to.kind === 'unix'
        ? connect({ path: to.path, ...options })
        : connect({ host: to.host === '' ? 'localhost' : to.host, port: to.port, ...options })
    return socket.setNoDelay(true)
  } catch {
    return undefined
  }
}
