import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/config/load.ts'
import { type Running, serve } from '../../src/server/supervisor.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import { ALICE, porticoToml } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { comeIn, DOMAIN, type Door, drainAll, echo, echoSession } from './limited-clients.ts'

const BOB = '00112233445566778899aabbccddeeff'
const CARL = 'ffeeddccbbaa99887766554433221100'
const FRESH = '12345678123456781234567812345678'

let dataCentre: DataCentreProcess
let running: Running
let door: Door

function configWith(users: Record<string, string>, tables = '') {
  const setup = { domain: DOMAIN, front: 'built-in' as const, dataCentre, users, tables }
  const file = `${temporaryFolder('apply')}/portico.toml`
  const text = `${porticoToml(setup, door.port)}\n[process]\nworkers = 2\ndrain = "0s"\n`
  const loaded = readConfig(text, file, {})
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.config
}

const EVERYBODY = { alice: ALICE, bob: BOB, carl: CARL }

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  door = { host: '127.0.0.1', port: await freePort('127.0.0.1') }
  const config = configWith(EVERYBODY)
  running = await serve(config, {
    log: openLog({ level: 'error', format: 'json' }),
    version: 'test',
  })
})

afterAll(async () => {
  running?.stop()
  await running?.stopped
  await dataCentre?.stop()
})

/** The session ends soon: the workers look a few times a second. */
async function endsSoon(client: Awaited<ReturnType<typeof echoSession>>): Promise<void> {
  const began = performance.now()
  await drainAll(client)
  expect(performance.now() - began).toBeLessThan(3000)
}

test('a disabled, a removed and a re-keyed user lose exactly their sessions in both workers', async () => {
  const [alice, bob] = [await echoSession(door, ALICE), await echoSession(door, BOB)]
  const carls = await Promise.all(Array.from({ length: 12 }, () => echoSession(door, CARL)))

  await running.apply(configWith({ alice: ALICE, bob: BOB }))
  await Promise.all(carls.map(endsSoon))
  expect(await comeIn(door, CARL)).toBeUndefined()

  await running.apply(configWith({ alice: FRESH, bob: BOB }))
  await endsSoon(alice)
  expect(await comeIn(door, ALICE)).toBeUndefined()
  const fresh = await echoSession(door, FRESH)

  const off = configWith({ alice: FRESH }, `[users.bob]\nsecret = "${BOB}"\nenabled = false\n`)
  await running.apply(off)
  await endsSoon(bob)
  expect(await comeIn(door, BOB)).toBeUndefined()
  await echo(fresh)

  await running.apply(configWith({ alice: FRESH, bob: BOB, dora: CARL }))
  const dora = await echoSession(door, CARL)
  dora.socket.close()

  await running.apply(configWith({ ...EVERYBODY, alice: FRESH }))
  const back = await echoSession(door, CARL)
  await echo(fresh)
  for (const client of [fresh, back]) client.socket.close()
})

test('limits that come while sessions live hold for them', async () => {
  const carl = await comeIn(door, CARL)
  const end = drainAll(carl!)
  await carl!.command({ kind: 'firehose', bytes: 64 * 1024 * 1024, seed: 1, then: 'keep' })
  const limited = configWith(
    { alice: ALICE, bob: BOB },
    `[users.carl]\nsecret = "${CARL}"\nquota = { bytes = "1 MiB" }\nexpires = 2020-01-01T00:00:00Z\n`,
  )
  await running.apply(limited)
  await end
  expect(await comeIn(door, CARL)).toBeUndefined()
})
