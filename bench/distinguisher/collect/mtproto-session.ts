import { setTimeout as sleep } from 'node:timers/promises'
import { firehose } from '../../../test/distinguisher/firehose.ts'
import { ScriptedClient } from '../../../test/world/clients/scripted.ts'
import { below, pick, type Random } from '../statistics/random.ts'
import type { Address } from '../tap/tap.ts'
import { CLIENT_CLASSES, type ClientClass } from './client-class.ts'
import { ownAddress } from './hello-and-flight.ts'
import type { Plan } from './plan.ts'
import { DOMAIN, SECRET } from './subject.ts'

/** Sizes of what a client sends while it makes a key and asks for its state: req_pq_multi, req_DH_params, then queries. */
const TALK_SIZES = [40, 320, 376, 88, 136, 216, 520] as const

/**
 * A session as Telegram's clients have them, of the shape that the plan says: small messages to and fro, or a download. A
 * download has its own connection, as Telegram's media connections do.
 * @returns the client's port
 */
export async function mtprotoSession(
  { host, port }: Address,
  clientClass: ClientClass,
  plan: Plan,
  random: Random,
): Promise<number> {
  const client = await ScriptedClient.connect({ host, port, secret: SECRET, localAddress: ownAddress() })
  const clientPort = client.socket.localPort!
  try {
    await client.handshake({ domain: DOMAIN, ...CLIENT_CLASSES[clientClass] })
    if (plan.bulk > 0) await download(client, plan.bulk)
    else await talk(client, plan, random)
  } finally {
    // The fake data centre answers no FIN, and the tap writes a connection down when it is over on both sides.
    client.socket.reset()
  }
  return clientPort
}

async function download(client: ScriptedClient, bytes: number): Promise<void> {
  await client.command(firehose(bytes))
  await client.readHash(bytes)
}

async function talk(client: ScriptedClient, { talks, pauses }: Plan, random: Random): Promise<void> {
  await client.command({ kind: 'echo' })
  for (let at = 0; at < talks; at++) {
    await sleep(pauses[at])
    const message = Buffer.alloc(pick(TALK_SIZES, random) + below(16, random), at)
    await client.send(message)
    await client.read(message.length)
  }
}
