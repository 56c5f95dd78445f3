import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { get, type Server } from 'node:http'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'

/** Milliseconds for a stale unix socket to show that nobody listens on it. */
const STALE_TIMEOUT = 1_000
const SOCKET_MODE = 0o660

export type BindErrorCode = 'address_in_use' | 'no_permission' | 'no_such_address' | 'bind_failed'

const BIND_CODES: Record<string, BindErrorCode> = {
  EADDRINUSE: 'address_in_use',
  EACCES: 'no_permission',
  EPERM: 'no_permission',
  EADDRNOTAVAIL: 'no_such_address',
  EAFNOSUPPORT: 'no_such_address',
  ENOENT: 'no_such_address',
}

/** The endpoint cannot be listened on. */
export class BindError extends Error {
  readonly code: BindErrorCode
  readonly endpoint: string

  constructor(endpoint: Endpoint, cause: unknown) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    super(`cannot listen on ${formatEndpoint(endpoint)}: ${message}`, { cause })
    this.name = 'BindError'
    this.code = BIND_CODES[code] ?? 'bind_failed'
    this.endpoint = formatEndpoint(endpoint)
  }
}

/**
 * Listens, and resolves with the endpoint that it became (the port, where 0 was asked for). Replaces a stale unix
 * socket. Rejects with BindError.
 * @param mode of a unix socket
 */
export async function bindServer(server: Server, endpoint: Endpoint, mode = SOCKET_MODE): Promise<Endpoint> {
  try {
    await listen(server, endpoint).catch(async (error: unknown) => {
      if (endpoint.kind !== 'unix' || !(await isStale(endpoint.path, error))) throw error
      unlinkSync(endpoint.path)
      await listen(server, endpoint)
    })
    if (endpoint.kind === 'unix') chmodSync(endpoint.path, mode)
  } catch (error) {
    throw new BindError(endpoint, error)
  }
  return boundEndpoint(server, endpoint)
}

function listen(server: Server, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    if (endpoint.kind === 'unix') server.listen(endpoint.path)
    else if (endpoint.host === '') server.listen(endpoint.port)
    else server.listen(endpoint.port, endpoint.host)
  })
}

/** A socket that a killed process has left behind refuses connections; one that is served does not. */
async function isStale(path: string, error: unknown): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return false
  // A file of another kind refuses too.
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true && (await isRefused(path))
}

function isRefused(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/health/live', timeout: STALE_TIMEOUT, agent: false })
    const settle = (refused: boolean) => {
      resolve(refused)
      request.destroy()
    }
    request.on('response', () => settle(false))
    request.on('timeout', () => settle(false))
    request.on('error', (failure: NodeJS.ErrnoException) => settle(failure.code === 'ECONNREFUSED'))
  })
}

function boundEndpoint(server: Server, asked: Endpoint): Endpoint {
  const bound = server.address()
  return asked.kind === 'tcp' && bound !== null && typeof bound === 'object'
    ? { ...asked, port: bound.port }
    : asked
}
