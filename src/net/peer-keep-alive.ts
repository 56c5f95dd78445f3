import { readFileSync } from 'node:fs'
import { isIPv4, SocketAddress } from 'node:net'

export interface TcpEnd {
  readonly address: string
  readonly port: number
}

/** A connection of ours at rest: everything that was sent is acknowledged. */
export interface QuietConnection {
  readonly own: TcpEnd
  readonly peer: TcpEnd
  /** Milliseconds since it stood. */
  readonly age: number
}

const ESTABLISHED = '01'
/** Of `tr` in /proc/net/tcp (Linux Documentation/networking/proc_net_tcp.rst): neither for retransmission nor for closing nor for a zero window. */
const KEEP_ALIVE_TIMER = '02'
/** Of `tm->when`: USER_HZ, 100 on every architecture that Node runs on (include/asm-generic/param.h). */
const TICK_MILLISECONDS = 10

/**
 * Seconds of silence after which the peer of a connection probes whether we still live; 0: it never does. Undefined where that
 * cannot be seen: the peer's socket is not of this host and network namespace, something is in flight, or the system is not Linux.
 *
 * The kernel begins to count when the option is set, which servers do at accept, and counts anew only when the time is over
 * (net/ipv4/tcp_timer.c, tcp_keepalive_timer).
 */
export function peerKeepAlive(
  { own, peer, age }: QuietConnection,
  tables: () => string = readTables,
): number | undefined {
  const [servers, clients] = [endsOf(peer), endsOf(own)]
  for (const line of tables().split('\n')) {
    const [, local = '', remote = '', state, , timer = ''] = line.trim().split(/\s+/)
    if (state !== ESTABLISHED || !servers.includes(local) || !clients.includes(remote)) continue
    const [kind, when = ''] = timer.split(':')
    if (kind === '00') return 0
    if (kind !== KEEP_ALIVE_TIMER) return undefined
    return Math.round((Number.parseInt(when, 16) * TICK_MILLISECONDS + age) / 1000)
  }
  return undefined
}

function readTables(): string {
  try {
    return ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileSync(path, 'utf8')).join('\n')
  } catch {
    return ''
  }
}

/** As the tables write it: words of the host's order. A socket for both families shows IPv4 as ::ffff:a.b.c.d. */
function endsOf({ address, port }: TcpEnd): string[] {
  const bare = address.replace(/^::ffff:(?=[\d.]+$)/, '')
  const tail = `:${hex(port, 4)}`
  if (!isIPv4(bare)) return [words(ipv6Bytes(bare)) + tail]
  const bytes = bare.split('.').map(Number)
  const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, ...bytes]
  return [words(bytes) + tail, words(mapped) + tail]
}

function ipv6Bytes(address: string): number[] {
  // In its whole form: eight groups, one run of zeros left out at most.
  const [head = '', rest] = new SocketAddress({ address, family: 'ipv6' }).address.split('::')
  const [before, after] = [head, rest ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - before!.length - after!.length).fill('0')
  return [...before!, ...zeros, ...after!].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** Every machine that we run on is little-endian. */
function words(bytes: readonly number[]): string {
  const text: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    for (let byte = 3; byte >= 0; byte--) text.push(hex(bytes[at + byte]!, 2))
  }
  return text.join('')
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
