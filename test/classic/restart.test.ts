import { afterAll, beforeAll, expect, test } from 'vitest'
import { obfuscate } from '../world/clients/obfuscated-client.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { frame } from '../world/data-centre/framing.ts'
import { writeRawCommand } from '../world/data-centre/raw-command.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'

let dataCentre: FakeDataCentre
let portico: Portico

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
})

afterAll(async () => {
  await portico?.stop()
  await dataCentre?.stop()
})

test('an init that was used before a kill -9 sees the site after it', async () => {
  const state = temporaryFolder('classic')
  const config = (port: number) => `
public_host = "127.0.0.1"
[[listener]]
address = "127.0.0.1:${port}"
modes = ["classic"]
[front]
domain = "www.example.org"
address = "built-in"
[telegram.data_centres]
2 = ["127.0.0.1:${dataCentre.port}"]
[state]
dir = "${state}"
[users.alice]
secret = "${ALICE}"
`
  portico = await startPortico({ config })
  const stream = obfuscate({ dc: 2, framing: 'abridged', secret: Buffer.from(ALICE, 'hex') })
  const flight = Buffer.concat([
    stream.init,
    stream.seal(frame('abridged', writeRawCommand({ kind: 'echo' }))),
    stream.seal(Buffer.from('echo')),
  ])
  const first = await RawSocket.connect(portico)
  await first.send(flight)
  expect(stream.open(await first.read(4)).toString()).toBe('echo')
  await portico.kill9()

  portico = await startPortico({ config })
  const second = await RawSocket.connect(portico)
  await second.send(flight)
  const { bytes, ending } = await second.readToEnd(20_000)
  expect(ending).toBeDefined()
  // What the site says to who speaks no TLS; nothing of the data centre's.
  expect(bytes.length).not.toBe(4)
  expect(metricSum(await portico.metrics(), 'portico_replays_total')).toBe(1)
  expect(metricSum(await portico.metrics(), 'portico_sessions')).toBe(0)
})
