import { readFileSync } from 'node:fs'

const ESTABLISHED = '01'
/** Of `tr` in /proc/net/tcp (Linux Documentation/networking/proc_net_tcp.rst): a timer that is neither for retransmission nor for closing. */
const OTHER_TIMER = '02'

/** Whether the server's socket of a connection has a timer running; while nothing is in flight that is the one of keep-alive probes. */
export function hasKeepAlive(
  serverPort: number,
  clientPort: number,
  tables = readTables(),
): boolean | undefined {
  const [local, remote] = [serverPort, clientPort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  )
  for (const line of tables.split('\n')) {
    const [, own, peer, state, , timer] = line.trim().split(/\s+/)
    if (state === ESTABLISHED && own?.endsWith(`:${local}`) && peer?.endsWith(`:${remote}`))
      return timer?.startsWith(`${OTHER_TIMER}:`)
  }
  return undefined
}

function readTables(): string {
  return ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileSync(path, 'utf8')).join('\n')
}
