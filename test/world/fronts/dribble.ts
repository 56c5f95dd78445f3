import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Front } from './front.ts'

export interface DribbleOptions {
  /** Bytes of one write; default 1. */
  readonly step?: number
  /** After so many bytes of a connection the rest goes through as it comes; default 64 KiB. */
  readonly until?: number
}

/** A relay before another front that hands its answers on byte by byte, with the same ends in both directions. */
export async function startDribble(
  front: Front,
  { step = 1, until = 1 << 16 }: DribbleOptions = {},
): Promise<Front> {
  const { host, port } = front.endpoint
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const site = connect({ host, port, allowHalfOpen: true, noDelay: true })
    for (const [socket, other] of [
      [client, site],
      [site, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => open.delete(socket))
    }
    void pass(client, site, Number.POSITIVE_INFINITY, 0)
    void pass(site, client, step, until)
  })
  const listen = async (at: number) => {
    server.listen(at, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await closed
  }
  const endpoint = { kind: 'tcp' as const, host, port: await listen(0) }
  return {
    ...front,
    name: `dribble before ${front.name}`,
    endpoint,
    stop: close,
    restart: async () => {
      await close()
      await listen(endpoint.port)
    },
  }
}

async function pass(from: Socket, to: Socket, step: number, until: number): Promise<void> {
  let passed = 0
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        const size = passed < until ? step : chunk.length
        const piece = chunk.subarray(at, at + size)
        at += piece.length
        passed += piece.length
        await write(to, piece)
      }
    }
    to.end()
  } catch {
    to.resetAndDestroy()
  }
}

/** Resolves when the kernel has it, so that each piece is a segment of its own. */
function write(to: Socket, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    to.write(piece, () => resolve())
  })
}
