import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface DelayingRelay {
  readonly host: string
  readonly port: number
  stop(): void
}

/** Passes bytes on to `to`, each a fixed time after it came: a far link on loopback. */
export async function startDelayingRelay(
  to: { readonly host: string; readonly port: number },
  millisecondsEachWay: number,
): Promise<DelayingRelay> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to.port, to.host)
    carry(near, far)
    carry(far, near)
  })
  const carry = (from: Socket, into: Socket) => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (bytes: Buffer) => setTimeout(() => into.write(bytes), millisecondsEachWay))
    from.on('end', () => setTimeout(() => into.end(), millisecondsEachWay))
    from.on('error', () => into.destroy())
    from.on('close', () => {
      sockets.delete(from)
      setTimeout(() => into.destroy(), millisecondsEachWay)
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
