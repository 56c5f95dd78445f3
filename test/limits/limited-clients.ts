import { FlightError } from '../world/clients/flight.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'

export const DOMAIN = 'www.example.org'

export interface Door {
  readonly host: string
  readonly port: number
}

/** A client that got the answer of its secret; undefined: it was shown the site's own flight. */
export async function comeIn(
  { host, port }: Door,
  secret: string,
  localAddress?: string,
): Promise<ScriptedClient | undefined> {
  const from = localAddress === undefined ? {} : { localAddress }
  const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(secret, 'hex'), ...from })
  try {
    await client.handshake({ domain: DOMAIN })
    return client
  } catch (error) {
    client.socket.close()
    if (error instanceof FlightError && error.code === 'hash_mismatch') return undefined
    throw error
  }
}

/** A client that must be let in, with an echo behind it. */
export async function echoSession(
  door: Door,
  secret: string,
  localAddress?: string,
): Promise<ScriptedClient> {
  const client = await comeIn(door, secret, localAddress)
  if (!client) throw new Error('the client was shown the site')
  await client.command({ kind: 'echo' })
  await echo(client)
  return client
}

export async function echo(client: ScriptedClient): Promise<void> {
  const said = Buffer.from('to and fro, twenty bytes')
  await client.send(said)
  const heard = await client.read(said.length)
  if (!heard.equals(said)) throw new Error('the echo is another')
}

/** Bytes that have come since, records and all. */
export function received({ socket }: ScriptedClient, since = 0): number {
  return socket.events.reduce((sum, { at, bytes }) => sum + (at >= since ? bytes : 0), 0)
}

/** Takes everything that comes and keeps nothing; resolves when the peer has ended. */
export async function drainAll(client: ScriptedClient): Promise<void> {
  for (;;) {
    const ended = await client.socket.read(1, 90_000).catch(() => 'ended' as const)
    if (ended === 'ended') return
    const { unread } = client.socket
    if (unread > 0) await client.socket.read(unread)
  }
}
