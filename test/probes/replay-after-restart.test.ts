import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricSum } from '../world/metrics.ts'
import { startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { isLetIn, replayProbes, useUpEach } from './genuine.ts'
import { DOMAIN, genuineHello } from './hellos.ts'
import { compareStrangers, table } from './matrix.ts'
import { FRONTS } from './scene.ts'

const DAYS_AGO = 40 * 86_400

test('copies of hellos that were used before a kill -9, long ago, meet the front, whatever time they carry', async () => {
  const { start, patience } = FRONTS.Bun
  const front = await start()
  const dir = temporaryFolder('state')
  const secret = Buffer.from(ALICE, 'hex')
  const run = () =>
    startPortico({
      config: { domain: DOMAIN, front: front.endpoint, tables: `[state]\ndir = "${dir}"\n` },
      built: true,
    })

  const earlier = await run()
  const used = await useUpEach(earlier, secret)
  await earlier.kill9()
  // As if all of that had been weeks ago.
  const log = join(dir, 'replay')
  const segments = readdirSync(log)
  expect(segments.length).toBeGreaterThan(0)
  for (const name of segments)
    renameSync(join(log, name), join(log, `${Number.parseInt(name, 10) - DAYS_AGO}.log`))

  const portico = await run()
  const probes = used.flatMap(replayProbes)
  const pair = { direct: front.endpoint, portico, patience, flightRecords: 1 }
  const differences = await compareStrangers(probes, pair)
  expect(differences, table('Bun', differences)).toEqual([])
  const metrics = await portico.metrics()
  const handshakes = (result: string) => metricSum(metrics, 'portico_handshakes_total', { result })
  expect(handshakes('ok')).toBe(0)
  expect(handshakes('replay')).toBeGreaterThanOrEqual(probes.length)
  // It does let in who comes for the first time.
  expect(await isLetIn(genuineHello(secret), portico, secret)).toBe(true)
  await portico.kill9()
  await front.stop()
})
