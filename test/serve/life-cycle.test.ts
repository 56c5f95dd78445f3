import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { retimed } from '../world/clients/retimed.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE, type PorticoSetup } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'

let dataCentre: DataCentreProcess
let portico: Portico | undefined

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})

afterEach(async () => {
  await portico?.kill9()
})

afterAll(async () => {
  await dataCentre?.stop()
})

async function start(more: Partial<PorticoSetup> = {}): Promise<Portico> {
  portico = await startPortico({
    config: { domain: 'www.example.org', front: 'built-in', dataCentre, ...more },
  })
  return portico
}

async function session({ host, port }: Portico): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({ host, port, secret: Buffer.from(ALICE, 'hex') })
  await client.handshake({ domain: 'www.example.org' })
  await client.command({ kind: 'echo' })
  await client.send(Buffer.from('to and fro, twenty bytes'))
  expect((await client.read(24)).toString()).toBe('to and fro, twenty bytes')
  return client
}

test('TERM drains: the session goes on until its time is up, new ones are refused, the exit code is 0', async () => {
  const running = await start({ tables: '[process]\ndrain = "2s"' })
  const client = await session(running)
  const exit = running.stop()
  await waitFor('the listener to close', async () => {
    try {
      const late = await ScriptedClient.connect({ host: running.host, port: running.port })
      late.socket.close()
      return false
    } catch {
      return true
    }
  })
  await client.send(Buffer.from('still here after TERM...'))
  expect((await client.read(24)).toString()).toBe('still here after TERM...')
  expect(await exit).toBe(0)
})

test('with nothing open TERM ends at once, and a second TERM never waits', async () => {
  const idle = await start({ tables: '[process]\ndrain = "1h"' })
  expect(await idle.stop()).toBe(0)
  const busy = await start({ tables: '[process]\ndrain = "1h"' })
  await session(busy)
  busy.signal('SIGTERM')
  await waitFor('the drain to begin', () => busy.log.some(({ event }) => event === 'stopping'))
  expect(await busy.stop()).toBe(0)
})

test('an address that another instance serves is an error that names it, exit 69', async () => {
  const first = await start()
  const second = startPortico({
    config: () =>
      `listen = "127.0.0.1:${first.port}"\n[front]\ndomain = "www.example.org"\naddress = "built-in"\n[users.a]\nsecret = "${ALICE}"\n`,
  })
  await expect(second).rejects.toThrow(/ended with 69/)
  await expect(second).rejects.toThrow(String(first.port))
})

test('sessions of both workers are served, and counted once', async () => {
  // Connections kept warm would be counted too.
  const running = await start({ telegramKeys: 'warm = 0' })
  const clients = await Promise.all(Array.from({ length: 24 }, () => session(running)))
  expect(metricSum(await running.metrics(), 'portico_sessions')).toBe(24)
  for (const client of clients) client.socket.reset()
  await waitFor(
    'the sessions to end',
    async () => metricSum(await running.metrics(), 'portico_sessions') === 0,
  )
  await waitFor(
    'the descriptors to be given back',
    async () => metricSum(await running.metrics(), 'portico_descriptors') === 0,
  )
})

test('a captured hello is let in once, whichever worker gets it and whatever time it then carries', async () => {
  const running = await start()
  const { host, port } = running
  const genuine = await ScriptedClient.connect({ host, port, secret: Buffer.from(ALICE, 'hex') })
  const hello = genuine.makeHello({ domain: 'www.example.org' })
  await genuine.socket.send(hello)
  await genuine.readFlight()
  for (let copy = 0; copy < 12; copy++) {
    const replay = await ScriptedClient.connect({ host, port })
    await replay.socket.send(copy < 3 ? hello : retimed(hello, 2 ** (copy - 3)))
    expect((await replay.socket.read(5)).subarray(0, 3).toString('hex')).toBe('160303')
    replay.socket.close()
  }
  const metrics = await running.metrics()
  expect(metricSum(metrics, 'portico_replays_total')).toBe(12)
  expect(metricSum(metrics, 'portico_handshakes_total', { result: 'ok' })).toBe(1)
})

test('of copies that come at the same moment, each with another time, one is let in', async () => {
  const running = await start()
  const { host, port } = running
  const rounds = 8
  for (let round = 0; round < rounds; round++) {
    const clients = await Promise.all(
      Array.from({ length: 9 }, () =>
        ScriptedClient.connect({ host, port, secret: Buffer.from(ALICE, 'hex') }),
      ),
    )
    const hello = clients[0]!.makeHello({ domain: 'www.example.org' })
    await Promise.all(clients.map((client, bit) => client.socket.send(retimed(hello, 2 ** bit))))
    await Promise.all(clients.map((client) => client.socket.read(5)))
    for (const client of clients) client.socket.close()
  }
  const metrics = await running.metrics()
  expect(metricSum(metrics, 'portico_handshakes_total', { result: 'ok' })).toBe(rounds)
  expect(metricSum(metrics, 'portico_handshakes_total', { result: 'replay' })).toBe(rounds * 8)
})
