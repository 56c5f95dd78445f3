import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const given = new Set<number>()
/** Below what ordinary users may bind, and what programs of the system like to have. */
const LOWEST = 12_000
const TRIES = 200

/**
 * A TCP port that was free a moment ago, for programs that cannot be told to choose one; never the same twice. It is none
 * that the kernel gives to outgoing connections: with hundreds of these about, one would sit on it before its program does.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const below = firstOutgoing()
  for (let tries = 0; tries < TRIES; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (below - LOWEST))
    if (given.has(port) || !(await canBind(host, port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no port of ${host} is free between ${LOWEST} and ${below}`)
}

function firstOutgoing(): number {
  const [first = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number)
  // Where the range was widened downwards there is no better place than its upper part.
  return first > LOWEST + 1000 ? first : 65_536
}

function canBind(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
