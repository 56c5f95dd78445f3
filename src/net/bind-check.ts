import { rm, stat } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Endpoint } from './endpoint.ts'

/** Undefined: the address can be bound now. Else the system's code (EADDRINUSE, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT …). */
export async function bindProblem(endpoint: Endpoint, ipv6Only: boolean): Promise<string | undefined> {
  if (endpoint.kind === 'unix') return unixProblem(endpoint.path)
  // Alone, without reusePort: with it a second instance of the same user would silently take half the clients.
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'EIO'))
    server.listen({ host: endpoint.host, port: endpoint.port, ipv6Only, exclusive: true }, () => {
      server.close(() => resolve(undefined))
    })
  })
}

/** A socket file that nobody listens on is left over from a crash: it is removed, but only after a refused connect. */
async function unixProblem(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return undefined
  if (!found.isSocket()) return 'EEXIST'
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
  if (!refused) return 'EADDRINUSE'
  await rm(path)
  return undefined
}
