// needs: microsocks openssl

import { readFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'
import { seededRandom } from '../vectors/vectors.ts'
import { httpsGet } from '../world/clients/https-get.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import { makeChain } from '../world/fronts/chain.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startMicrosocks } from './proxies.ts'

const DOMAIN = 'www.example.org'
let dataCentre: DataCentreProcess
let front: Front
let proxy: ListeningProcess
let portico: Portico | undefined
const servers: Server[] = []

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  front = await startNodeHttps({ domain: DOMAIN })
  proxy = await startMicrosocks()
})

afterEach(async () => {
  await portico?.kill9()
  for (const server of servers.splice(0)) server.close()
})

afterAll(async () => {
  await proxy?.stop('SIGKILL')
  await front?.stop()
  await dataCentre?.stop()
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const upstream = (name: string, port: number, purposes: string) =>
  `[[upstream]]\nname = "${name}"\nurl = "socks5://127.0.0.1:${port}"\nfor = ${purposes}\n`

async function ok(running: Portico, name: string): Promise<number> {
  return metricSum(await running.metrics(), 'portico_upstream_dials_total', { upstream: name, result: 'ok' })
}

test('front and lists go by their upstream, over a dead one to the next; Telegram goes straight', async () => {
  const dir = temporaryFolder('lists')
  const chain = makeChain(dir, 'localhost')
  const tls = { key: readFileSync(chain.key), cert: readFileSync(chain.fullChain) }
  const list = await listening(createHttps(tls, (_request, response) => response.end('192.0.2.0/24\n')))
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: front.endpoint,
      dataCentre,
      tables: `
${upstream('dead', await freePort(), '["front", "lists"]')}
${upstream('out', proxy.port, '["front", "lists"]')}
[lists]
block = ["https://localhost:${list}/bad.netset"]
`,
    },
    env: { NODE_EXTRA_CA_CERTS: join(dir, 'root.pem') },
  })
  const running = portico
  const { host, port } = running
  await waitFor('the list', async () => metricSum(await running.metrics(), 'portico_ip_list_entries') === 1)
  const learned = await ok(running, 'out')
  expect(learned).toBeGreaterThan(1)
  for (let time = 0; time < 6; time++) {
    const page = await httpsGet({ host, port, domain: DOMAIN, root: front.chain.root }, '/bytes/1048576')
    expect(page).toMatchObject({ status: 200, bytes: 1_048_576 })
  }
  const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(ALICE, 'hex') })
  await client.handshake({ domain: DOMAIN })
  await client.command({ kind: 'echo' })
  await client.send(Buffer.from('to and fro, twenty bytes'))
  expect((await client.read(24)).toString()).toBe('to and fro, twenty bytes')
  expect(await ok(running, 'out')).toBeGreaterThanOrEqual(learned + 7)
  const metrics = await running.metrics()
  expect(
    metricSum(metrics, 'portico_upstream_dials_total', { upstream: 'direct', result: 'ok' }),
  ).toBeGreaterThan(0)
  expect(metricSum(metrics, 'portico_front_dials_total', { result: 'ok' })).toBe(7)
  expect(metricSum(metrics, 'portico_bytes_total', { side: 'front', direction: 'down' })).toBeGreaterThan(
    6_000_000,
  )
})

test('where the upstream that is demanded is dead nothing goes straight, neither to the front nor for lists', async () => {
  let straight = 0
  const port = await listening(
    createServer((socket) => {
      straight++
      socket.end('192.0.2.0/24\n')
    }),
  )
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: { host: '127.0.0.1', port },
      dataCentre,
      tables: `
${upstream('dead', await freePort(), '["front", "lists"]')}
[lists]
block = ["http://127.0.0.1:${port}/bad.netset"]
[telegram.middle]
secret_url = "http://127.0.0.1:${port}/secret"
config_url = "http://127.0.0.1:${port}/config"
[users.tagged]
secret = "00112233445566778899aabbccddeeff"
ad_tag = "00112233445566778899aabbccddeeff"
`,
    },
  })
  const running = portico
  const said = (event: string) => waitFor(event, () => running.log.some((line) => line.event.includes(event)))
  await said('ip list: not refreshed')
  await said('middle proxies: not refreshed')
  const visitor = await RawSocket.connect(running)
  await visitor.send(writeClientHello({ class: 'tdlib', domain: DOMAIN }, seededRandom('visitor')))
  expect((await visitor.readToEnd()).ending).toBe('reset')
  expect(metricSum(await running.metrics(), 'portico_front_dials_total', { result: 'refused' })).toBe(1)
  expect(straight).toBe(0)
})
