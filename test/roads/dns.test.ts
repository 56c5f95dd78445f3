// needs: unbound openssl microsocks

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { reloadAfter, replaceFile } from '../reload/reload-control.ts'
import { httpsGet } from '../world/clients/https-get.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE, porticoToml } from '../world/portico-toml.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startMicrosocks } from './proxies.ts'
import { DNS_NAME, startUnbound, type Unbound } from './unbound.ts'

const DOMAIN = 'www.example.org'
const BOB = '00112233445566778899aabbccddeeff'
let dataCentre: DataCentreProcess
let front: Front
let proxy: ListeningProcess
let unbound: Unbound
let portico: Portico | undefined

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  front = await startNodeHttps({ domain: DOMAIN })
  proxy = await startMicrosocks()
  unbound = await startUnbound([
    'front.world.example. 6 IN A 127.0.0.1',
    // Nobody is there: the other address must be tried, and then be the first.
    'dc.world.example. 6 IN AAAA ::1',
    'dc.world.example. 6 IN A 127.0.0.1',
    'proxy.world.example. 6 IN A 127.0.0.1',
  ])
})

afterEach(async () => {
  await portico?.kill9()
})

afterAll(async () => {
  await unbound?.stop('SIGKILL')
  await proxy?.stop('SIGKILL')
  await front?.stop()
  await dataCentre?.stop()
})

/** Everything that is dialled has a name, which only that server knows. */
function named(port: number, server: string, hosts = `"${DNS_NAME}" = "127.0.0.1"`): string {
  return porticoToml(
    {
      domain: DOMAIN,
      front: { host: 'front.world.example', port: front.endpoint.port },
      dataCentre: { host: 'dc.world.example', port: dataCentre.port },
      dataCentres: { 3: [dataCentre] },
      telegramKeys: 'warm = 0',
      tables: `
[[upstream]]
name = "by-name"
url = "socks5://proxy.world.example:${proxy.port}"
for = []
[users.bob]
secret = "${BOB}"
upstream = "by-name"
[dns]
servers = ["${server}"]
hosts = { ${hosts} }
`,
    },
    port,
  )
}

async function expectEcho({ host, port }: Portico, secret: string, dc: number): Promise<void> {
  const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(secret, 'hex') })
  await client.handshake({ domain: DOMAIN })
  await client.command({ kind: 'echo' }, { dc })
  await client.send(Buffer.from('to and fro, twenty bytes'))
  expect((await client.read(24)).toString()).toBe('to and fro, twenty bytes')
  client.socket.close()
}

test('front, data centre and upstream are found by UDP, DoT and DoH, each after a reload', async () => {
  portico = await startPortico({
    config: (port) => named(port, 'udp://127.0.0.1:9', `"front.world.example" = "127.0.0.1"`),
    env: { NODE_EXTRA_CA_CERTS: unbound.rootFile },
  })
  const running = portico
  await expect(expectEcho(running, ALICE, 2)).rejects.toThrow()
  for (const server of [unbound.udp, unbound.tls, unbound.https]) {
    await reloadAfter(running, () => replaceFile(running.file, named(running.port, server)))
    await expectEcho(running, ALICE, 2)
    // The data centre is an address here: the proxy asks the system for names, which knows nothing of this world.
    await expectEcho(running, BOB, 3)
    const page = await httpsGet({ ...running, domain: DOMAIN, root: front.chain.root }, '/')
    expect(page.status).toBe(200)
  }
  const metrics = await running.metrics()
  expect(metricSum(metrics, 'portico_dns_lookups_total', { result: 'failed' })).toBeGreaterThan(0)
  expect(metricSum(metrics, 'portico_dns_lookups_total', { result: 'ok' })).toBeGreaterThan(6)
  expect(metricSum(metrics, 'portico_upstream_dials_total', { upstream: 'by-name', result: 'ok' })).toBe(3)
  expect(running.log).toContainEqual(expect.objectContaining({ event: 'a DNS server gives no answer' }))
})
