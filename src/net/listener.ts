import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import type { Endpoint } from './endpoint.ts'
import { type LegHandler, type LegResources, SocketLeg } from './leg.ts'
import type { SharedReads } from './static-read.ts'

export interface Accepted {
  readonly leg: SocketLeg
  /** Empty for unix sockets. */
  readonly address: string
  readonly port: number
  readonly family: 'ipv4' | 'ipv6' | 'unix'
}

export interface ListenOptions {
  endpoint: Endpoint
  backlog: number
  /** Several threads listen on one port, and the kernel spreads the connections. */
  reusePort: boolean
  /** File mode of a unix socket. */
  permissions: number
  /** False with host `::` accepts both families on one socket. */
  ipv6Only: boolean
}

export interface ListenDependencies extends LegResources {
  reads: SharedReads
  /** Called inside the accept; must return the handler of the new leg. */
  accept(accepted: Accepted): LegHandler
}

export interface Listening {
  /** Accepts nothing more; what was accepted lives on. */
  close(): void
}

/** Resolves when bound. @throws the system's error (EADDRINUSE, EACCES, EAFNOSUPPORT …) */
export async function listen(options: ListenOptions, dependencies: ListenDependencies): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1 }, (socket) =>
    receive(socket, options.endpoint, dependencies),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...bindTo(options), backlog: options.backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Errors of single accepts (a peer that is gone already) are not the listener's.
  server.on('error', () => {})
  if (options.endpoint.kind === 'unix') await chmod(options.endpoint.path, options.permissions)
  return { close: () => server.close() }
}

function bindTo({ endpoint, reusePort, ipv6Only }: ListenOptions): object {
  if (endpoint.kind === 'unix') return { path: endpoint.path }
  return { host: endpoint.host, port: endpoint.port, reusePort, ipv6Only }
}

const UNSET: LegHandler = {
  onBytes: () => false,
  onDrain: () => {},
  onEnd: () => {},
  onLost: () => {},
  onClosed: () => {},
}

function receive(socket: Socket, endpoint: Endpoint, dependencies: ListenDependencies): void {
  const unix = endpoint.kind === 'unix'
  const leg = new SocketLeg(socket, UNSET, dependencies, { connected: true, unix })
  dependencies.reads.readInto(socket, (n, bytes) => leg.handler.onBytes(leg, n, bytes))
  leg.handler = dependencies.accept({
    leg,
    address: unmap(socket.remoteAddress ?? ''),
    port: socket.remotePort ?? 0,
    family: unix ? 'unix' : family(socket),
  })
}

/** A dual-stack socket shows IPv4 clients as ::ffff:a.b.c.d. */
function unmap(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function family(socket: Socket): 'ipv4' | 'ipv6' {
  return unmap(socket.remoteAddress ?? '').includes(':') ? 'ipv6' : 'ipv4'
}
