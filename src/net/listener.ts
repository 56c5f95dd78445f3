import { chmod } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { bindProblem } from './bind-check.ts'
import type { Endpoint } from './endpoint.ts'
import type { LegHandler } from './leg.ts'
import { type LegResources, SocketLeg } from './socket-leg.ts'
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
  /** The same, when nobody waits to be accepted: closing throws away whoever does. */
  retire(): void
  /** File mode of a unix socket. */
  permit(permissions: number): Promise<void>
}

/** A listener that is never idle is closed all the same, milliseconds. */
const LONGEST_RETIREMENT = 2000

/** Resolves when bound. @throws the system's error (EADDRINUSE, EACCES, EAFNOSUPPORT …) */
export async function listen(options: ListenOptions, dependencies: ListenDependencies): Promise<Listening> {
  // Of a worker that died: its replacement opens the same path again.
  if (options.endpoint.kind === 'unix') await bindProblem(options.endpoint, false)
  let accepted = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1 }, (socket) => {
    accepted++
    receive(socket, options.endpoint, dependencies)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...bindTo(options), backlog: options.backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Errors of single accepts (a peer that is gone already) are not the listener's.
  server.on('error', () => {})
  const permit = async (permissions: number) => {
    if (options.endpoint.kind === 'unix') await chmod(options.endpoint.path, permissions)
  }
  await permit(options.permissions)
  return {
    close: () => server.close(),
    retire: () =>
      whenIdle(
        () => accepted,
        () => server.close(),
      ),
    permit,
  }
}

/** Each turn of the loop looks at the socket once: after one without a connection there was none to accept. */
function whenIdle(accepted: () => number, close: () => void): void {
  const deadline = performance.now() + LONGEST_RETIREMENT
  const look = (before: number) => {
    const now = accepted()
    if (now === before || performance.now() >= deadline) close()
    else setImmediate(look, now)
  }
  setImmediate(look, -1)
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
  const { outgoing, reads } = dependencies
  const limitReads = (window: () => number) => reads.limit(socket, () => outgoing.windowOf(window()))
  const leg = new SocketLeg(socket, UNSET, dependencies, { unix, limitReads })
  reads.readInto(socket, (n, bytes) => leg.deliver(n, bytes))
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
