import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { strangeHello } from '../../../test/probes/hellos.ts'
import { ScriptedClient } from '../../../test/world/clients/scripted.ts'
import { hasKeepAlive } from '../features/keep-alive.ts'
import type { Difference } from '../layers/exact.ts'
import type { Address } from '../tap/tap.ts'
import { ownAddress } from './hello-and-flight.ts'
import { DOMAIN, SECRET, type Subject } from './subject.ts'

/** Until what was sent is acknowledged, and no timer is left but that of keep-alive probes. */
const SETTLED = 400

/** Whether the server keeps the connection alive of a client that has sent a hello and then nothing. */
export async function keepsAlive({ host, port }: Address): Promise<boolean> {
  const socket = connect({ host, port, localAddress: ownAddress() })
  await once(socket, 'connect')
  socket.write(strangeHello())
  socket.resume()
  await sleep(SETTLED)
  return answer(port, socket.localPort!, () => socket.resetAndDestroy())
}

/** The same of a user, after the flight and within a session. */
async function keepsUserAlive({ host, port }: Address, inSession: boolean): Promise<boolean> {
  const client = await ScriptedClient.connect({ host, port, secret: SECRET, localAddress: ownAddress() })
  await client.handshake({ domain: DOMAIN })
  if (inSession) {
    await client.command({ kind: 'echo' })
    await client.send(Buffer.alloc(100))
    await client.read(100)
  }
  await sleep(SETTLED)
  return answer(port, client.socket.localPort!, () => client.socket.reset())
}

function answer(serverPort: number, clientPort: number, close: () => void): boolean {
  const found = hasKeepAlive(serverPort, clientPort)
  close()
  if (found === undefined) throw new Error(`no connection from ${clientPort} to ${serverPort}`)
  return found
}

/** Connections of portico whose keep-alive is not as the front's. */
export async function keepAliveDifferences({ front, portico, isAlone }: Subject): Promise<Difference[]> {
  const expected = await keepsAlive(front.endpoint)
  const seen: readonly (readonly [string, boolean])[] = [
    ...(isAlone ? [] : [['a visitor', await keepsAlive(portico)] as const]),
    ['a user after the flight', await keepsUserAlive(portico, false)],
    ['a user in a session', await keepsUserAlive(portico, true)],
  ]
  const say = (on: boolean) => (on ? 'on' : 'off')
  return seen
    .filter(([, on]) => on !== expected)
    .map(([who, on]) => ({ what: `TCP keep-alive of ${who}`, front: say(expected), other: say(on) }))
}
