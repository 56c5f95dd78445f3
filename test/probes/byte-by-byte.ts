import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Front } from '../world/fronts/front.ts'

/** A relay before another front that hands its answers on in single bytes; half-closes and resets pass in both directions. */
export async function startByteByByte(front: Front): Promise<Front> {
  const { host, port } = front.endpoint
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const site = connect({ host, port, allowHalfOpen: true, noDelay: true })
    for (const socket of [client, site]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
    }
    client.on('data', (bytes: Buffer) => site.write(bytes))
    client.on('end', () => site.end())
    client.on('error', () => site.resetAndDestroy())
    trickle(site, client)
  })
  server.listen(0, host)
  await once(server, 'listening')
  const endpoint = { kind: 'tcp' as const, host, port: (server.address() as AddressInfo).port }
  const stop = async () => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { ...front, name: `${front.name}, byte by byte`, endpoint, stop }
}

/** Segments of one turn of the loop. */
const AT_ONCE = 4

/** Each byte is a segment of its own; the end comes behind the last. */
function trickle(from: Socket, to: Socket): void {
  const chunks: Buffer[] = []
  let at = 0
  let finish: (() => void) | undefined
  let running = false
  const step = () => {
    const chunk = chunks[0]
    running = chunk !== undefined
    if (!chunk) return finish?.()
    for (let sent = 0; sent < AT_ONCE && at < chunk.length; sent++) to.write(chunk.subarray(at, ++at))
    if (at === chunk.length) {
      chunks.shift()
      at = 0
    }
    setImmediate(step)
  }
  const go = () => {
    if (!running) step()
  }
  from.on('data', (bytes: Buffer) => {
    chunks.push(bytes)
    go()
  })
  from.on('end', () => {
    finish = () => to.end()
    go()
  })
  from.on('error', () => {
    finish = () => to.resetAndDestroy()
    go()
  })
}
