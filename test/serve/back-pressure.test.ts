import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { contentBytes } from '../world/data-centre/content.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'

const MIB = 1024 * 1024
const STALLED = 200
/** Above what the prototype grew by (101 MB), a stalled reader would be held by itself and not by the budget. */
const MOST_GROWTH = 80 * MIB

let dataCentre: DataCentreProcess
let portico: Portico

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  portico = await startPortico({
    config: { domain: 'www.example.org', front: 'built-in', dataCentre },
    built: true,
  })
})

afterAll(async () => {
  await portico?.stop()
  await dataCentre?.stop()
})

async function session(): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({
    host: portico.host,
    port: portico.port,
    secret: Buffer.from(ALICE, 'hex'),
  })
  await client.handshake({ domain: 'www.example.org' })
  return client
}

test(`${STALLED} clients that stop reading hold a bounded amount, and others are served`, async () => {
  const warm = await session()
  await warm.command({ kind: 'firehose', bytes: 4 * MIB, seed: 1, then: 'keep' })
  await warm.readHash(4 * MIB)
  const before = portico.rss()

  const stalled: ScriptedClient[] = []
  for (let i = 0; i < STALLED; i++) {
    const client = await session()
    client.socket.stopReading()
    await client.command({ kind: 'firehose', bytes: 64 * MIB, seed: i, then: 'keep' })
    stalled.push(client)
  }
  const served = await session()
  await served.command({ kind: 'firehose', bytes: 8 * MIB, seed: 3, then: 'keep' })
  await served.readHash(8 * MIB)
  expect(portico.rss() - before).toBeLessThan(MOST_GROWTH)

  for (const client of [...stalled, warm, served]) client.socket.close()
})

test('100 downloads of 10 MB to clients that say nothing meanwhile all complete', async () => {
  const expected = contentBytes(5, 0, 10 * MIB)
  for (let round = 0; round < 10; round++) {
    const downloads = Array.from({ length: 10 }, async () => {
      const client = await session()
      await client.command({ kind: 'firehose', bytes: 10 * MIB, seed: 5, then: 'fin' })
      const received = await client.read(10 * MIB)
      client.socket.close()
      return received.equals(expected)
    })
    expect(await Promise.all(downloads)).toEqual(Array(10).fill(true))
  }
})

test('records towards the client have sizes that a TLS stack sends, and full ones say 16,401', async () => {
  const client = await session()
  // With a backlog, what leaves is bounded by the records and not by what the data centre writes at once.
  client.socket.stopReading()
  await client.command({ kind: 'firehose', bytes: 20 * MIB, seed: 9, then: 'keep' })
  await sleep(500)
  client.socket.startReading()
  await client.readHash(20 * MIB)
  expect(Math.max(...client.recordSizes)).toBe(16_401)
  expect(Math.min(...client.recordSizes)).toBeGreaterThanOrEqual(18)
  client.socket.close()
})
