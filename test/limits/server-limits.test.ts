import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { comeIn, DOMAIN, echo, echoSession } from './limited-clients.ts'

const BOB = '00112233445566778899aabbccddeeff'

let dataCentre: DataCentreProcess
let portico: Portico | undefined

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})

afterEach(async () => {
  await portico?.stop()
})

afterAll(async () => {
  await dataCentre?.stop()
})

async function start(tables: string, top = ''): Promise<Portico> {
  const users = { alice: ALICE, bob: BOB }
  portico = await startPortico({
    config: { domain: DOMAIN, front: 'built-in', dataCentre, users, tables, top },
  })
  return portico
}

test('per_address and sessions, whoever the sessions belong to', async () => {
  const running = await start('[limits]\nper_address = 3\nsessions = 5\n')
  const refused = async (reason: string) =>
    metricSum(await running.metrics(), 'portico_refused_total', { reason })
  const tries = [ALICE, BOB, ALICE, BOB, ALICE, BOB].map((secret) => comeIn(running, secret, '127.0.2.1'))
  const first = (await Promise.all(tries)).filter((client) => client !== undefined)
  expect(first).toHaveLength(3)
  expect(await refused('per_address')).toBe(3)
  const second = await Promise.all([1, 2].map(() => comeIn(running, ALICE, '127.0.2.2')))
  expect(second.every((client) => client !== undefined)).toBe(true)
  expect(await comeIn(running, ALICE, '127.0.2.3')).toBeUndefined()
  expect(await refused('sessions')).toBe(1)
  first[0]!.socket.close()
  await waitFor('the place to be free', async () => {
    const client = await comeIn(running, BOB, '127.0.2.3')
    return client !== undefined
  })
})

test('whoever comes when no descriptor is left is reset, and counted', async () => {
  // 72 for connections; the rest is kept back for everything else.
  const config = { domain: DOMAIN, front: 'built-in', dataCentre, users: { alice: ALICE } } as const
  portico = await startPortico({ config, descriptors: 200 })
  const { host, port } = portico
  const sockets = await Promise.all(Array.from({ length: 90 }, () => RawSocket.connect({ host, port })))
  const running = portico
  const refused = async () =>
    metricSum(await running.metrics(), 'portico_refused_total', { reason: 'descriptors' })
  const reset = () => sockets.filter(({ ending }) => ending === 'reset').length
  await waitFor('as many resets as are counted', async () => reset() > 0 && (await refused()) === reset())
  expect(reset()).toBeLessThan(sockets.length)
  for (const socket of sockets) socket.close()
})

test('in maintenance everybody sees the site', async () => {
  const running = await start('', 'maintenance = true')
  expect(await comeIn(running, ALICE)).toBeUndefined()
  const metrics = await running.metrics()
  expect(metricSum(metrics, 'portico_handshakes_total', { result: 'refused_maintenance' })).toBe(1)
})

test('whoever holds back hellos is left to the site, and disturbs no client of the same address', async () => {
  const running = await start('[limits]\nunauthenticated_per_address = 4\n')
  const localAddress = '127.0.3.1'
  const secret = createSecretKey(randomBytes(16))
  const hello = writeClientHello(
    { class: 'tdlib', domain: DOMAIN, secret, unixSeconds: Math.floor(Date.now() / 1000) },
    randomBytes,
  )
  const sockets = await Promise.all(
    Array.from({ length: 40 }, () =>
      RawSocket.connect({ host: running.host, port: running.port, localAddress }),
    ),
  )
  for (const socket of sockets) await socket.send(hello.subarray(0, 200))
  const client = await echoSession(running, ALICE, localAddress)
  const metrics = await running.metrics()
  const given = metricSum(metrics, 'portico_handshakes_total', { result: 'unauthenticated' })
  expect(given).toBeGreaterThanOrEqual(30)
  for (const socket of sockets) {
    await socket.send(hello.subarray(200))
    expect((await socket.read(3)).toString('hex')).toBe('160303')
    socket.close()
  }
  await echo(client)
})
