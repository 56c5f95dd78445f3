// needs: haproxy nginx openssl

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeProxyHeader } from '../../src/protocol/proxy-header/write-proxy-header.ts'
import { httpsGet } from '../world/clients/https-get.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { startHaproxy } from './haproxy.ts'
import type { ListeningProcess } from './listening-process.ts'

const DOMAIN = 'www.example.org'
const SECRET = Buffer.from(ALICE, 'hex')
let dataCentre: DataCentreProcess
let front: Front
let portico: Portico
let haproxy: ListeningProcess | undefined
/** A listener that expects a PROXY header; the usual one does not. */
let proxied: { host: string; port: number }

async function start(out: 'v1' | 'v2', from = '127.0.0.0/8', timeout = '3s'): Promise<void> {
  proxied = { host: '127.0.0.1', port: await freePort() }
  portico = await startPortico({
    config: (port) => `
      [[listener]]
      address = "127.0.0.1:${port}"
      [[listener]]
      address = "127.0.0.1:${proxied.port}"
      proxy_protocol = { from = ["${from}"], timeout = "${timeout}" }
      [front]
      domain = "${DOMAIN}"
      address = "127.0.0.1:${front.endpoint.port}"
      proxy_protocol = "${out}"
      [telegram.data_centres]
      2 = ["${dataCentre.host}:${dataCentre.port}"]
      [users.alice]
      secret = "${ALICE}"
      [log]
      level = "debug"
      addresses = true
    `,
  })
}

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  front = await startNginx({ domain: DOMAIN, proxyProtocol: true })
})

afterEach(async () => {
  await haproxy?.stop()
  haproxy = undefined
  await portico?.kill9()
})

afterAll(async () => {
  await front?.stop()
  await dataCentre?.stop()
})

async function expectEcho(client: ScriptedClient): Promise<void> {
  await client.command({ kind: 'echo' })
  await client.send(Buffer.from('to and fro, twenty bytes'))
  expect((await client.read(24)).toString()).toBe('to and fro, twenty bytes')
}

const whoAsks = (port: number) =>
  httpsGet({ host: '127.0.0.1', port, domain: DOMAIN, root: front.chain.root }, '/who')

describe.each(['v1', 'v2'] as const)('the front gets %s', (out) => {
  test('a visitor’s own address, and a user is answered with what was learned through the header', async () => {
    await start(out)
    const { text } = await whoAsks(portico.port)
    expect(text).toMatch(new RegExp(`^127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${portico.port}$`))
    const client = await ScriptedClient.connect({ host: '127.0.0.1', port: portico.port, secret: SECRET })
    await client.handshake({ domain: DOMAIN })
    await expectEcho(client)
    expect(portico.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test.each([['send-proxy'], ['send-proxy-v2'], ['send-proxy-v2-ssl-cn']])(
    'behind HAProxy with %s',
    async (words) => {
      await start(out)
      haproxy = await startHaproxy(proxied, words)
      const visitor = await whoAsks(haproxy.port)
      expect(visitor.text).toMatch(new RegExp(`^127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${haproxy.port}$`))
      const client = await ScriptedClient.connect({ host: '127.0.0.1', port: haproxy.port, secret: SECRET })
      await client.handshake({ domain: DOMAIN })
      await expectEcho(client)
      const metrics = await portico.metrics()
      const result = words === 'send-proxy' ? 'v1' : 'v2'
      expect(metricSum(metrics, 'portico_proxy_headers_total', { result })).toBeGreaterThanOrEqual(2)
    },
  )

  test('a header of another family than the listener’s reaches the front too', async () => {
    await start(out)
    const route = {
      source: { address: '2001:db8::77', port: 40_000 },
      destination: { address: '203.0.113.5', port: 443 },
    }
    const client = await ScriptedClient.connect({ ...proxied, secret: SECRET })
    await client.socket.send(writeProxyHeader('v2', route))
    await client.handshake({ domain: DOMAIN })
    await expectEcho(client)
    expect(portico.log).toContainEqual(expect.objectContaining({ event: 'session', address: '2001:db8::77' }))
  })
})

test('without a header, or from a network that is not listed, a connection is refused', async () => {
  await start('v1', '192.0.2.0/24')
  const stranger = await RawSocket.connect(proxied)
  expect((await stranger.readToEnd()).ending).toBe('reset')
  await portico.kill9()

  await start('v1')
  const plain = await RawSocket.connect(proxied)
  await plain.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  expect((await plain.readToEnd()).ending).toBe('reset')
  const metrics = await portico.metrics()
  expect(metricSum(metrics, 'portico_proxy_headers_total', { result: 'missing' })).toBe(1)
})

test('1,000 silent peers do not delay an honest one, and end at their deadline', async () => {
  await start('v1', '127.0.0.0/8', '5s')
  const silent = await Promise.all(Array.from({ length: 1000 }, () => RawSocket.connect(proxied)))
  const began = performance.now()
  const client = await ScriptedClient.connect({ ...proxied, secret: SECRET })
  await client.socket.send(Buffer.from('PROXY TCP4 198.51.100.7 203.0.113.5 40000 443\r\n'))
  await client.handshake({ domain: DOMAIN })
  await expectEcho(client)
  expect(performance.now() - began).toBeLessThan(4000)
  expect((await silent[0]!.readToEnd()).ending).toBe('reset')
  await waitFor('every silent peer to be counted', async () => {
    const metrics = await portico.metrics()
    return metricSum(metrics, 'portico_proxy_headers_total', { result: 'timeout' }) === 1000
  })
})
