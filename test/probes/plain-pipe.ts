import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Address } from './probe-client.ts'

/**
 * A relay as one writes it without thinking of probers: two pipes, and with `idle` a time-out of its own in milliseconds.
 * For what the comparison must see.
 */
export async function startPlainPipe(to: Address, idle = 0): Promise<Address & { stop(): void }> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const front = connect({ host: to.host, port: to.port })
    for (const socket of [client, front]) {
      open.add(socket)
      socket.on('error', () => {})
    }
    client.setTimeout(idle, () => client.destroy())
    client.on('close', () => front.destroy())
    front.on('close', () => client.destroy())
    client.pipe(front).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, stop }
}
