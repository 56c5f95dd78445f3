import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { comeIn, DOMAIN, drainAll, echoSession } from './limited-clients.ts'

const MIB = 1024 * 1024
const MONTHLY = '00000000000000000000000000000001'
const SPAN = '00000000000000000000000000000002'
const BRIEF = '00000000000000000000000000000003'
/** What a killed process forgets is less than this. */
const FORGOTTEN_MILLISECONDS = 1500
const LIFETIME_SECONDS = 40

let dataCentre: DataCentreProcess
let portico: Portico

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
})

afterAll(async () => {
  await portico?.stop()
  await dataCentre?.stop()
})

test('quotas and first uses are known after kill -9', async () => {
  const tables = `
[state]
dir = "${temporaryFolder('restart')}"
[users.monthly]
secret = "${MONTHLY}"
quota = { bytes = "2 MiB" }
[users.span]
secret = "${SPAN}"
quota = { bytes = "2 MiB", period = "30d" }
[users.brief]
secret = "${BRIEF}"
lifetime = "${LIFETIME_SECONDS}s"
`
  const config = { domain: DOMAIN, front: 'built-in' as const, dataCentre, tables }
  portico = await startPortico({ config })
  const firstUse = Date.now()
  await echoSession(portico, BRIEF)
  for (const secret of [MONTHLY, SPAN]) {
    const client = await comeIn(portico, secret)
    const ended = drainAll(client!)
    await client!.command({ kind: 'firehose', bytes: 8 * MIB, seed: 1, then: 'keep' })
    await ended
  }
  await sleep(FORGOTTEN_MILLISECONDS)
  await portico.kill9()

  portico = await startPortico({ config })
  expect(await comeIn(portico, MONTHLY)).toBeUndefined()
  expect(await comeIn(portico, SPAN)).toBeUndefined()
  if (Date.now() - firstUse < (LIFETIME_SECONDS - 10) * 1000) {
    const brief = await echoSession(portico, BRIEF)
    await drainAll(brief)
  }
  expect(Date.now() - firstUse).toBeLessThan((LIFETIME_SECONDS + 15) * 1000)
  expect(await comeIn(portico, BRIEF)).toBeUndefined()
})
