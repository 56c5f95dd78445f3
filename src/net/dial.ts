import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import type { Names } from './dns/names.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import type { LegHandler } from './leg.ts'
import type { LocalPorts } from './local-ports.ts'
import { type LegResources, SocketLeg } from './socket-leg.ts'
import type { SharedReads } from './static-read.ts'

export interface DialResources extends LegResources {
  reads: SharedReads
  /** Absent: names are looked up as the system does. */
  names?: Names | undefined
  /** Absent: nobody counts them. */
  ports?: LocalPorts | undefined
}

/** For whoever counts, beside the handler. */
export interface DialEvents {
  onConnected?: () => void
  /** The address of this host to connect from. */
  localAddress?: string | undefined
  onClosed?: (leg: SocketLeg) => void
  /** How many bytes the first read may take, and each that follows until `limitReads`. */
  window?: (() => number) | undefined
}

/**
 * Begins a connection and returns its leg at once; what is written meanwhile waits in it. A failure to connect is the leg's
 * `onLost` with the system's code in `failure`.
 */
export function dial(
  endpoint: Endpoint,
  handler: LegHandler,
  resources: DialResources,
  events: DialEvents = {},
): SocketLeg {
  const { outgoing } = resources
  let { window } = events
  const options = {
    ...where(endpoint, resources.names, events.localAddress),
    ...(events.localAddress !== undefined && { localAddress: events.localAddress }),
    allowHalfOpen: true,
    noDelay: true,
    // With a mark of one byte write() returns true exactly when the kernel took everything.
    highWaterMark: 1,
    onread: {
      buffer: (): Buffer => (window === undefined ? outgoing.window() : outgoing.windowOf(window())),
      callback: (n: number, bytes: Uint8Array): boolean => leg.deliver(n, bytes),
    },
  }
  const socket = connect(options)
  if ('lookup' in options && resources.names) remember(socket, options.host, resources.names)
  const leg: SocketLeg = new SocketLeg(socket, handler, resources, {
    unix: endpoint.kind === 'unix',
    limitReads: (limit) => {
      window = limit
    },
    onClosed: countPort(endpoint, resources.ports, events),
  })
  if (events.onConnected) socket.once('connect', events.onConnected)
  return leg
}

/** What a connection shares its local port with: with a bound address the kernel gives each of its ports once (bind(2)). */
export function portsKey(endpoint: Endpoint, bind: string | undefined): string {
  return bind ?? formatEndpoint(endpoint)
}

/** @returns what must run when the leg is closed */
function countPort(
  endpoint: Endpoint,
  ports: LocalPorts | undefined,
  { localAddress, onClosed }: DialEvents,
): DialEvents['onClosed'] {
  if (!ports || endpoint.kind === 'unix') return onClosed
  const key = portsKey(endpoint, localAddress)
  ports.opened(key)
  return (leg) => {
    ports.closed(key)
    // With a bound address it is the bind that finds none; EADDRNOTAVAIL then means that this host has no such address.
    const none = localAddress === undefined ? 'EADDRNOTAVAIL' : 'EADDRINUSE'
    if (leg.failure === none && !leg.connected) ports.none(key)
    onClosed?.(leg)
  }
}

interface TcpWhere {
  host: string
  port: number
  autoSelectFamily: boolean
  autoSelectFamilyAttemptTimeout?: number
  lookup?: LookupFunction
}

function where(
  endpoint: Endpoint,
  names: Names | undefined,
  bind: string | undefined,
): { path: string } | TcpWhere {
  if (endpoint.kind === 'unix') return { path: endpoint.path }
  const { host, port } = endpoint
  // For a literal address the selection would only be a second code path.
  if (isIP(host) !== 0) return { host, port, autoSelectFamily: false }
  if (!names) return { host, port, autoSelectFamily: true }
  const patience = names.patience(host)
  const lookup = names.lookup(bind)
  return { host, port, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: patience, lookup }
}

/** Which address of a name answered, and how fast: the next dial begins with it. */
function remember(socket: Socket, host: string, names: Names): void {
  const began = performance.now()
  socket.once('connect', () => {
    const address = socket.remoteAddress
    if (address !== undefined) names.connected(host, address, performance.now() - began)
  })
  socket.once('error', () => {
    if (socket.connecting) names.failed(host)
  })
}

const FAILURES = [
  'refused',
  'timeout',
  'unreachable',
  'reset',
  'error',
  // What only a proxy on the way can say.
  'auth',
  'forbidden',
  'protocol',
] as const

export type DialFailure = (typeof FAILURES)[number]

/** What the system's code of a failed connect means; a failure in our own words stands for itself. */
export function dialFailure(code: string | undefined): DialFailure {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'ETIMEDOUT':
      return 'timeout'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EADDRINUSE':
    case 'EAFNOSUPPORT':
    case 'ENOENT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'unreachable'
    default:
      return FAILURES.find((known) => known === code) ?? 'error'
  }
}
