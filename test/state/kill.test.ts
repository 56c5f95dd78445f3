import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FlightError, readFlight } from '../world/clients/flight.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { retimed } from '../world/clients/retimed.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'
import { BusyClients } from './busy-clients.ts'
import { keptUsage } from './kept-usage.ts'

/** KILL_ROUNDS=20 for the whole of it. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 4)
/** What may be missing after a kill. */
const FORGOTTEN_MILLISECONDS = 1000
const REPLAYED = 40

const domain = 'www.example.org'
const secret = Buffer.from(ALICE, 'hex')

let dataCentre: DataCentreProcess
beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})
afterAll(() => dataCentre?.stop())

function start(stateDir: string): Promise<Portico> {
  return startPortico({
    config: {
      domain,
      front: 'built-in',
      dataCentre,
      tables: `[state]\ndir = "${stateDir}"\n[metrics]\nper_user = true\n`,
    },
  })
}

/** True when a user's answer came to these bytes, false when they met the site. */
async function isAnswered({ host, port }: Portico, hello: Buffer): Promise<boolean> {
  const socket = await RawSocket.connect({ host, port })
  try {
    await socket.send(hello)
    await readFlight(socket, secret, hello.subarray(11, 43))
    return true
  } catch (error) {
    if (error instanceof FlightError) return false
    throw error
  } finally {
    socket.close()
  }
}

/** What the data centre has sent on connections from `first` on: more than anybody can have received. */
async function sentByDataCentre(first: number): Promise<{ bytes: number; connections: number }> {
  const { records } = await dataCentre.counters()
  return {
    bytes: records.slice(first).reduce((sum, { sent }) => sum + sent, 0),
    connections: records.length,
  }
}

describe('kill -9 under load', () => {
  const stateDir = temporaryFolder('state')

  test(
    `${ROUNDS} times: at most a second is missing, nothing is counted twice, copies see the site`,
    async () => {
      let earlier = { up: 0, down: 0, sessions: 0 }
      let copies: Buffer[] = []
      let connections = 0
      for (let round = 1; round <= ROUNDS; round++) {
        const portico = await start(stateDir)
        for (const hello of copies) expect(await isAnswered(portico, hello)).toBe(false)
        expect(metricSum(await portico.metrics(), 'portico_replays_total')).toBe(copies.length)

        const clients = new BusyClients({ ...portico, secret, domain })
        clients.start()
        await waitFor('sessions', () => clients.sessions > 5, 30_000)
        await sleep(FORGOTTEN_MILLISECONDS + Math.random() * 2000)
        const killedAt = performance.now()
        await portico.kill9()
        clients.stop()

        const certain = clients.before(killedAt - FORGOTTEN_MILLISECONDS)
        const most = await sentByDataCentre(connections)
        connections = most.connections
        const { integrity, ...kept } = keptUsage(stateDir, 'alice')
        const counted = { up: kept.up - earlier.up, down: kept.down - earlier.down }
        expect(certain.down).toBeGreaterThan(0)
        expect({ round, integrity, ...counted }).toEqual({
          round,
          integrity: 'ok',
          up: expect.toSatisfy(
            (up: number) => up >= certain.up && up <= clients.sent,
            `${certain.up} to ${clients.sent}`,
          ),
          down: expect.toSatisfy(
            (down: number) => down >= certain.down && down <= most.bytes,
            `${certain.down} to ${most.bytes}`,
          ),
        })
        earlier = kept
        copies = clients.hellos
          .slice(-REPLAYED)
          .flatMap((hello, at) => [hello, retimed(hello, 2 ** (at % 9))])
      }
      // They are still in time: only the memory keeps them out.
      const forgetful = await start(temporaryFolder('state'))
      expect(await isAnswered(forgetful, copies.at(-1)!)).toBe(true)
      await forgetful.stop()
    },
    60_000 + ROUNDS * 30_000,
  )
})

test('an orderly end forgets nothing', async () => {
  const stateDir = temporaryFolder('state')
  let bytes = 0
  for (let round = 0; round < 2; round++) {
    const portico = await start(stateDir)
    const client = await ScriptedClient.connect({ host: portico.host, port: portico.port, secret })
    await client.handshake({ domain })
    await client.command({ kind: 'firehose', bytes: 100_000, seed: 1, then: 'keep' })
    await client.readHash(100_000)
    bytes += 100_000
    await portico.stop()
    expect(keptUsage(stateDir, 'alice')).toMatchObject({ down: bytes, sessions: round + 1, integrity: 'ok' })
    client.socket.close()
  }
  const portico = await start(stateDir)
  const metrics = await portico.metrics()
  expect(metricSum(metrics, 'portico_user_bytes_total', { user: 'alice', direction: 'down' })).toBe(bytes)
  await portico.stop()
})
