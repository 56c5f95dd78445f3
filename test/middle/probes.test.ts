import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { freePort } from '../world/free-port.ts'
import { metricSum } from '../world/metrics.ts'
import { writeCommand } from '../world/middle-proxy/command.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { DOMAIN, middleOf, TAG } from './scene.ts'

const BOB = '00112233445566778899aabbccddeeff'
const PATIENCE = { timeout: 60_000, interval: 500 }

let dataCentre: FakeDataCentre
let middle: FakeMiddleProxy
/** Takes connections and ends them at the first byte, as a box on the way may do that knows what it sees. */
let censor: Server
let portico: Portico

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
  middle = await FakeMiddleProxy.start({ dataCentre })
  const censorPort = await freePort('127.0.0.1')
  censor = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end())
  })
  await new Promise<void>((resolve) => censor.listen(censorPort, '127.0.0.1', resolve))
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      users: { bob: BOB },
      dataCentres: {
        2: [
          { host: '127.0.0.1', port: censorPort },
          { host: '127.0.0.1', port: dataCentre.port },
        ],
      },
      telegramKeys: 'probe = "10s"\nwarm = 0\nfallback = "never"',
      tables: `${middleOf(middle)}\n[users.alice]\nsecret = "${ALICE}"\nad_tag = "${TAG}"`,
    },
    workers: 1,
  })
})

afterAll(async () => {
  await portico?.stop()
  await middle?.stop()
  await dataCentre?.stop()
  await new Promise((resolve) => (censor ? censor.close(resolve) : resolve(undefined)))
})

async function open(secret: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({ ...portico, secret: Buffer.from(secret, 'hex') })
  await client.handshake({ domain: DOMAIN })
  return client
}

test('what is in use is asked, measured, and who does not answer is not tried first', async () => {
  const sum = async (name: string, labels = {}) => metricSum(await portico.metrics(), name, labels)
  // The first address is the censor's, and nobody knows it yet.
  const first = await open(BOB)
  await first.command({ kind: 'echo' })
  await expect(first.read(1)).rejects.toThrow()
  const tagged = await open(ALICE)
  await tagged.socket.send(tagged.makeFirstData(Buffer.alloc(0), { framing: 'intermediate' }))
  await tagged.sendFrame(writeCommand({ kind: 'echo', text: 'by middle' }))
  await tagged.read(4)

  const probes = (via: string, result: string) =>
    sum('portico_telegram_probes_total', { dc: '2', via, result })
  await expect.poll(() => probes('direct', 'closed'), PATIENCE).toBeGreaterThan(0)
  await expect.poll(() => probes('direct', 'ok'), PATIENCE).toBeGreaterThan(0)
  await expect.poll(() => probes('middle', 'ok'), PATIENCE).toBeGreaterThan(0)
  for (const via of ['direct', 'middle']) {
    expect(await sum('portico_telegram_probe_seconds_count', { dc: '2', via })).toBeGreaterThan(0)
  }
  // Questions of ours carry nobody's ad tag.
  expect(middle.requests.some(({ adTag, encrypted }) => adTag === undefined && !encrypted)).toBe(true)

  for (let n = 0; n < 3; n++) {
    const client = await open(BOB)
    await client.command({ kind: 'echo' })
    await client.send(Buffer.from('there'))
    expect((await client.read(5)).toString()).toBe('there')
    client.socket.close()
  }
  tagged.socket.close()
})
