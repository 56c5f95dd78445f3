import { connect } from 'node:net'
import { attackerAddress, SHARED_NAME } from '../crowd.ts'
import { strangerSource } from '../hello-source.ts'
import type { Target } from '../session.ts'

/** An attacker at full speed. */
export interface Flood {
  readonly addresses: number
  /** Connections at a time. */
  readonly atOnce: number
  readonly seconds: number
}

/** Hellos that look like a client's, each from the next address; whoever is answered comes again at once. */
export async function flood(
  { port }: Target,
  { addresses, atOnce, seconds }: Flood,
): Promise<{ failed: number; flooded: number }> {
  const hello = strangerSource(SHARED_NAME)
  const end = performance.now() + seconds * 1000
  let flooded = 0
  const lane = async () => {
    while (performance.now() < end) {
      const localAddress = attackerAddress(flooded++ % addresses)
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, localAddress })
        socket.once('connect', () => socket.write(hello()))
        socket.once('data', () => socket.resetAndDestroy())
        socket.once('error', () => socket.destroy())
        socket.once('close', () => resolve())
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { failed: 0, flooded }
}
