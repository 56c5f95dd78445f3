// needs: caddy
import { afterEach, expect, test } from 'vitest'
import { peerKeepAlive } from '../../src/net/peer-keep-alive.ts'
import { strangeHello } from '../probes/hellos.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { startCaddy } from '../world/fronts/caddy.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'

const GO = 'go.example.org'
const NODE = 'node.example.org'
/** Of Go's listeners (net.ListenConfig.KeepAlive). */
const GO_SECONDS = 15

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

interface Server {
  readonly host: string
  readonly port: number
}

/** Seconds after which the server asks whether this client still lives, once nothing is in flight; 0: never. */
function keptAlive(
  { host, port }: Server,
  client: { readonly localPort?: number | undefined },
  born: number,
) {
  const own = { address: host, port: client.localPort! }
  return waitFor('the peer’s timer', () =>
    peerKeepAlive({ own, peer: { address: host, port }, age: performance.now() - born }),
  )
}

/** The same of a stranger who has sent a hello, and goes. */
async function stranger(server: Server, domain: string): Promise<number> {
  const client = await RawSocket.connect(server)
  const born = performance.now()
  await client.send(strangeHello({ domain }))
  await client.read(1)
  const seconds = await keptAlive(server, client, born)
  client.reset()
  return seconds
}

test('clients are asked whether they still live exactly where the front asks, and as soon', async () => {
  const [caddy, node] = await Promise.all([startCaddy({ domain: GO }), startNodeHttps({ domain: NODE })])
  const dataCentre = await FakeDataCentre.start()
  opened.push(
    () => caddy.stop(),
    () => node.stop(),
    () => dataCentre.stop(),
  )
  const { host, port } = node.endpoint
  const portico = await startPortico({
    config: {
      domain: GO,
      front: caddy.endpoint,
      dataCentre: { host: dataCentre.host, port: dataCentre.port },
      tables: `[[front.site]]\ndomain = "${NODE}"\naddress = "${host}:${port}"\n`,
    },
    workers: 1,
  })
  opened.push(() => portico.kill9())

  expect(await stranger(caddy.endpoint, GO)).toBe(GO_SECONDS)
  expect(await stranger(portico, GO)).toBe(GO_SECONDS)
  expect(await stranger(node.endpoint, NODE)).toBe(0)
  expect(await stranger(portico, NODE)).toBe(0)

  const born = performance.now()
  const user = await ScriptedClient.connect({ ...portico, secret: Buffer.from(ALICE, 'hex') })
  opened.push(() => user.socket.reset())
  await user.handshake({ domain: GO })
  await user.command({ kind: 'echo' })
  await user.send(Buffer.alloc(100))
  await user.read(100)
  expect(await keptAlive(portico, user.socket, born)).toBe(GO_SECONDS)
})
