import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface OverheardRelay {
  readonly host: string
  readonly port: number
  stop(): void
}

/** The way to a distant front, with somebody on it who sees every hello. What comes back is held for so long. */
export interface Eavesdropper {
  readonly holds: number
  /** @returns whether the connection is cut before it is answered */
  overhears(hello: Buffer): boolean
}

export async function startOverheardRelay(
  to: { readonly host: string; readonly port: number },
  { holds, overhears }: Eavesdropper,
): Promise<OverheardRelay> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to.port, to.host)
    for (const each of [near, far]) {
      sockets.add(each)
      each.on('error', () => {})
      each.on('close', () => sockets.delete(each))
    }
    near.on('close', () => far.destroy())
    far.on('close', () => setTimeout(() => near.destroy(), holds))
    near.once('data', (hello: Buffer) => {
      if (overhears(hello)) near.resetAndDestroy()
    })
    near.on('data', (bytes: Buffer) => far.write(bytes))
    near.on('end', () => far.end())
    far.on('data', (bytes: Buffer) => setTimeout(() => near.write(bytes), holds))
    far.on('end', () => setTimeout(() => near.end(), holds))
  })
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
