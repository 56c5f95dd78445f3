import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Names } from './dns/names.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * Begins a connection for what is off the hot path, and resolves when it is there.
 * @throws the system's error, or why it was given up
 */
export type OpenStream = (to: Endpoint, signal: AbortSignal) => Promise<Duplex>

/** The straight way. @param names absent: as the system looks them up */
export function straightStream(names?: Names): OpenStream {
  return (to, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      // node:net throws where the address itself is impossible (a port beyond 65,535).
      const socket = connect({ ...where(to, names), noDelay: true, allowHalfOpen: true })
      const settle = () => {
        signal.removeEventListener('abort', aborted)
        socket.off('error', failed)
      }
      const aborted = () => {
        settle()
        socket.on('error', () => {})
        socket.destroy()
        reject(signal.reason as Error)
      }
      const failed = (error: Error) => {
        settle()
        reject(error)
      }
      signal.addEventListener('abort', aborted, { once: true })
      socket.once('error', failed)
      socket.once('connect', () => {
        settle()
        resolve(socket)
      })
    })
}

function where(to: Endpoint, names: Names | undefined) {
  if (to.kind === 'unix') return { path: to.path }
  return {
    host: to.host === '' ? 'localhost' : to.host,
    port: to.port,
    ...(names && { lookup: names.lookup(), autoSelectFamilyAttemptTimeout: names.patience(to.host) }),
  }
}
