// needs: microsocks

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { type DelayingRelay, startDelayingRelay } from './delaying-relay.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startMicrosocks } from './proxies.ts'

const DOMAIN = 'www.example.org'
/** 50 ms there and back. */
const EACH_WAY = 25
let dataCentre: DataCentreProcess
let proxy: ListeningProcess
let link: DelayingRelay
let portico: Portico

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  proxy = await startMicrosocks()
  // A connect on loopback takes no time whatever the relay does: the handshake of a proxy behind it does.
  link = await startDelayingRelay({ host: '127.0.0.1', port: proxy.port }, EACH_WAY)
})

afterEach(async () => {
  await portico?.kill9()
})

afterAll(async () => {
  link?.stop()
  await proxy?.stop('SIGKILL')
  await dataCentre?.stop()
})

const FAR = () => `[[upstream]]\nname = "far"\nurl = "socks5://127.0.0.1:${link.port}"`

async function start(warm: number, tables: string): Promise<void> {
  portico = await startPortico({
    workers: 1,
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      telegramKeys: `warm = ${warm}`,
      tables,
    },
  })
}

/** Milliseconds from the client's first data to the data centre's first byte. */
async function firstByte(): Promise<number> {
  const secret = Buffer.from(ALICE, 'hex')
  const client = await ScriptedClient.connect({ host: portico.host, port: portico.port, secret })
  await client.handshake({ domain: DOMAIN })
  const began = performance.now()
  await client.command({ kind: 'firehose', bytes: 64, seed: 1, then: 'keep' })
  await client.read(1)
  client.socket.close()
  return performance.now() - began
}

const waiting = async () => metricSum(await portico.metrics(), 'portico_telegram_warm_connections')
const isWaiting = () => waitFor('a warm connection', async () => (await waiting()) > 0)

async function median(before: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let time = 0; time < 5; time++) {
    await before()
    times.push(await firstByte())
  }
  return times.toSorted((a, b) => a - b)[2]!
}

test('over a link of 50 ms a warm connection saves the round trips of the dial', async () => {
  await start(0, FAR())
  const cold = await median(async () => {})
  expect(await waiting()).toBe(0)
  await portico.kill9()

  await start(1, FAR())
  await firstByte()
  const warm = await median(isWaiting)
  // Two round trips of SOCKS5 are 100 ms.
  expect(cold - warm).toBeGreaterThan(60)
  const used = { result: 'used' }
  expect(
    metricSum(await portico.metrics(), 'portico_telegram_warm_connections_total', used),
  ).toBeGreaterThanOrEqual(4)
})

test('those that the data centre closes are never served, and are replaced quietly', async () => {
  await start(2, '')
  await firstByte()
  for (const ending of ['fin', 'reset'] as const) {
    await isWaiting()
    await dataCentre.finishAll(ending)
    await firstByte()
  }
  await isWaiting()
  expect(portico.log.filter(({ level }) => level === 'error')).toEqual([])
  const lost = { result: 'lost' }
  const metrics = await portico.metrics()
  expect(metricSum(metrics, 'portico_telegram_warm_connections_total', lost)).toBeGreaterThan(0)
})
