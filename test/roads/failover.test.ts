// needs: microsocks

import { createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { type DelayingRelay, startDelayingRelay } from './delaying-relay.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startMicrosocks } from './proxies.ts'

const DOMAIN = 'www.example.org'
const SESSIONS = 200
const AT_A_TIME = 20
const DIES_AT = 60
/** Each way, milliseconds: its handshake, two round trips, takes longer than the patience with a proxy. */
const SLOWNESS = 600
let dataCentre: DataCentreProcess
let portico: Portico
let proxies: ListeningProcess[] = []
let stalling: Server | undefined
let slow: DelayingRelay | undefined

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})

afterEach(async () => {
  await portico?.kill9()
  stalling?.close()
  stalling = undefined
  slow?.stop()
  slow = undefined
  for (const proxy of proxies.splice(0)) await proxy.stop('SIGKILL')
})

afterAll(async () => {
  await dataCentre?.stop()
})

async function session(): Promise<void> {
  const { host, port } = portico
  const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(ALICE, 'hex') })
  await client.handshake({ domain: DOMAIN })
  await client.command({ kind: 'echo' })
  await client.send(Buffer.from('to and fro, twenty bytes'))
  expect((await client.read(24)).toString()).toBe('to and fro, twenty bytes')
  client.socket.close()
}

function tables(one: number, other: number): string {
  const upstream = (name: string, port: number) =>
    `[[upstream]]\nname = "${name}"\nurl = "socks5://127.0.0.1:${port}"\n`
  // Twenty hellos at once: none is to be left to the site because this machine is busy.
  return `${upstream('one', one)}${upstream('other', other)}[limits]\nsearch_hold = "1s"\n`
}

test.each(['dies', 'stalls'])(
  '200 sessions while one of two upstreams %s: all go on by the other, none straight',
  async (how) => {
    const [one, other] = await Promise.all([startMicrosocks(), startMicrosocks()])
    proxies = [one, other]
    portico = await startPortico({
      config: {
        domain: DOMAIN,
        front: 'built-in',
        dataCentre,
        telegramKeys: 'warm = 0',
        tables: tables(one.port, other.port),
      },
    })
    for (let begun = 0; begun < SESSIONS; begun += AT_A_TIME) {
      const together = Array.from({ length: AT_A_TIME }, session)
      if (begun === DIES_AT) {
        await one.stop('SIGKILL')
        if (how === 'stalls') {
          stalling = createServer(() => {})
          await new Promise<void>((resolve) => stalling?.listen(one.port, '127.0.0.1', resolve))
        }
        // Those that were under way may have been the proxy's that died.
        await Promise.allSettled(together)
      } else await Promise.all(together)
    }
    const metrics = await portico.metrics()
    const dials = (name: string, result?: string) =>
      metricSum(metrics, 'portico_upstream_dials_total', { upstream: name, ...(result && { result }) })
    expect(dials('direct')).toBe(0)
    expect(dials('one', 'ok')).toBeGreaterThan(0)
    expect(dials('other', 'ok')).toBeGreaterThan(SESSIONS / 2)
    expect(dials('one') - dials('one', 'ok')).toBeGreaterThan(0)
  },
)

test('200 sessions while one of two upstreams answers slowly: none is lost, few wait for it, none goes straight', async () => {
  const [one, other] = await Promise.all([startMicrosocks(), startMicrosocks()])
  proxies = [one, other]
  slow = await startDelayingRelay({ host: '127.0.0.1', port: one.port }, SLOWNESS)
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      telegramKeys: 'warm = 0',
      tables: tables(slow.port, other.port),
    },
  })
  for (let begun = 0; begun < SESSIONS; begun += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, session))
  }
  const metrics = await portico.metrics()
  const dials = (name: string, result?: string) =>
    metricSum(metrics, 'portico_upstream_dials_total', { upstream: name, ...(result && { result }) })
  expect(dials('direct')).toBe(0)
  expect(dials('one')).toBeGreaterThan(0)
  expect(dials('other', 'ok')).toBeGreaterThan(SESSIONS / 2)
})
