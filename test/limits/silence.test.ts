import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOMAIN, middleOf, TAG } from '../middle/scene.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { metricSum } from '../world/metrics.ts'
import { writeCommand } from '../world/middle-proxy/command.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'

const TAGGED = '00112233445566778899aabbccddeeff'

let dataCentre: FakeDataCentre
let middle: FakeMiddleProxy
let portico: Portico

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
  middle = await FakeMiddleProxy.start()
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      tables: `[limits]\nsilence = "2s"\n${middleOf(middle)}\n[users.tagged]\nsecret = "${TAGGED}"\nad_tag = "${TAG}"`,
    },
    workers: 1,
  })
})

afterAll(async () => {
  await portico?.stop()
  await middle?.stop()
  await dataCentre?.stop()
})

async function open(secret: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({ ...portico, secret: Buffer.from(secret, 'hex') })
  await client.handshake({ domain: DOMAIN })
  return client
}

const silent = async () => metricSum(await portico.metrics(), 'portico_sessions_total', { result: 'silence' })

test('a client that says nothing after something went down to it is ended, who was never answered is not', async () => {
  const unanswered = await open(ALICE)
  await unanswered.command({ kind: 'mute' })
  const direct = await open(ALICE)
  await direct.command({ kind: 'echo' })
  await direct.send(Buffer.from('hello'))
  await direct.read(5)
  const tagged = await open(TAGGED)
  await tagged.socket.send(tagged.makeFirstData(Buffer.alloc(0), { framing: 'intermediate' }))
  await tagged.sendFrame(writeCommand({ kind: 'echo', text: 'hello' }))
  await tagged.read(4)

  for (const client of [direct, tagged]) {
    expect((await client.socket.readToEnd(20_000)).ending).toBeDefined()
  }
  await expect.poll(silent, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
  expect(unanswered.socket.ending).toBeUndefined()
  // And back at once.
  const again = await open(ALICE)
  await again.command({ kind: 'echo' })
  await again.send(Buffer.from('back'))
  expect((await again.read(4)).toString()).toBe('back')
})
