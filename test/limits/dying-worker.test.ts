import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { READ_BUFFER_SIZE } from '../../src/net/static-read.ts'
import type { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'
import { comeIn, DOMAIN, drainAll, echo, echoSession } from './limited-clients.ts'

const MIB = 1024 * 1024
const FEW = '00000000000000000000000000000001'
const NETS = '00000000000000000000000000000002'
const METERED = '00000000000000000000000000000003'
/** So many that both workers have some. */
const SESSIONS = 16
const QUOTA = 12 * MIB
const FIRST_PART = 512 * 1024
/** Numbers are folded and summed a few times a second; what a dead worker was in the middle of is mended after one. */
const SETTLED_MILLISECONDS = 1500

let dataCentre: DataCentreProcess
let portico: Portico

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  portico = await startPortico({
    env: { NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/world/dying-worker.ts')).href}` },
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      tables: `
[metrics]
per_user = true
[limits]
per_address = ${SESSIONS}
[users.few]
secret = "${FEW}"
sessions = ${SESSIONS}
[users.nets]
secret = "${NETS}"
addresses = { max = 2, window = "1h", ipv4_prefix = 32 }
[users.metered]
secret = "${METERED}"
quota = { bytes = "12 MiB", period = "never" }
`,
    },
  })
})

afterAll(async () => {
  await portico?.stop()
  await dataCentre?.stop()
})

const metered = async () =>
  metricSum(await portico.metrics(), 'portico_user_bytes_total', { user: 'metered' })

/** Whether the session still answers. */
async function lives(client: ScriptedClient): Promise<boolean> {
  return echo(client).then(
    () => true,
    () => false,
  )
}

async function dieOnce(): Promise<void> {
  portico.signal('SIGUSR2')
  await waitFor('the worker to die', () => portico.log.some(({ event }) => event.startsWith('worker died')))
  await waitFor('its replacement', () => portico.ready())
  await sleep(SETTLED_MILLISECONDS)
}

test('a worker that dies gives back what it held, and nothing is forgotten of what it counted', async () => {
  const all = (secret: string, from: string, n = SESSIONS) =>
    Promise.all(Array.from({ length: n }, () => echoSession(portico, secret, from)))
  const few = await all(FEW, '127.0.6.1')
  const nets = [...(await all(NETS, '127.0.6.2', 4)), ...(await all(NETS, '127.0.6.3', 4))]
  const downloads = await Promise.all(
    Array.from({ length: 8 }, async (_, seed) => {
      const client = (await comeIn(portico, METERED, '127.0.6.4'))!
      await client.command({ kind: 'firehose', bytes: FIRST_PART, seed, then: 'keep' })
      await client.readHash(FIRST_PART)
      return client
    }),
  )
  expect(await comeIn(portico, FEW, '127.0.6.5')).toBeUndefined()
  expect(await comeIn(portico, NETS, '127.0.6.5')).toBeUndefined()
  await sleep(SETTLED_MILLISECONDS)
  const before = await metered()
  expect(before).toBeGreaterThanOrEqual(8 * FIRST_PART)

  await dieOnce()
  const living = (await Promise.all(few.map(lives))).filter(Boolean).length
  expect(living).toBeGreaterThan(0)
  expect(living).toBeLessThan(SESSIONS)
  expect(await metered()).toBe(before)

  // Sessions: the places of the dead are free, and no more than those. The same for the address of all of them.
  const tries = await Promise.all(Array.from({ length: SESSIONS }, () => comeIn(portico, FEW, '127.0.6.1')))
  const newcomers = tries.filter((client) => client !== undefined)
  expect(newcomers).toHaveLength(SESSIONS - living)

  // Addresses: both are still counted, whoever died.
  expect(await comeIn(portico, NETS, '127.0.6.5')).toBeUndefined()
  const again = await echoSession(portico, NETS, '127.0.6.3')

  // The quota: what is left of it can be used, to one read.
  const rest = (await comeIn(portico, METERED, '127.0.6.4'))!
  const ended = drainAll(rest)
  await rest.command({ kind: 'firehose', bytes: 2 * QUOTA, seed: 9, then: 'keep' })
  await ended
  await sleep(SETTLED_MILLISECONDS)
  expect(await metered()).toBeGreaterThanOrEqual(QUOTA)
  expect(await metered()).toBeLessThanOrEqual(QUOTA + READ_BUFFER_SIZE)
  expect(await comeIn(portico, METERED, '127.0.6.4')).toBeUndefined()

  for (const client of [...few, ...nets, ...downloads, ...newcomers, again]) client.socket.reset()
  await waitFor(
    'all sessions to end',
    async () => metricSum(await portico.metrics(), 'portico_sessions') === 0,
  )
  expect(metricSum(await portico.metrics(), 'portico_worker_restarts_total')).toBe(1)
})
