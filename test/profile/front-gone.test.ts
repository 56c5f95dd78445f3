// needs: nginx openssl

import { afterAll, beforeAll, describe, test } from 'vitest'
import { openMtcute, routeOfLink } from '../world/clients/mtcute.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { startBun } from '../world/fronts/bun.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'

const DOMAIN = 'www.example.org'

const LEARNED = 'this front can be answered for when it is not there'

describe.concurrent.each([
  { name: 'nginx', start: startNginx },
  { name: 'Bun', start: startBun },
])('after $name was seen and stopped', ({ start }) => {
  let dataCentre: DataCentreProcess
  let front: Front
  let portico: Portico

  beforeAll(async () => {
    dataCentre = await startDataCentreProcess()
    front = await start({ domain: DOMAIN })
    const tables = '[metrics]\nper_user = true'
    const config = { domain: DOMAIN, front: front.endpoint, dataCentre, tables }
    portico = await startPortico({ config, built: true })
    await waitFor(
      () => 'the manners of the front',
      () => portico.log.some(({ event }) => event === LEARNED),
      60_000,
    )
    await front.stop()
  })

  afterAll(async () => {
    await portico?.stop()
    await front?.stop()
    await dataCentre?.stop()
  })

  test('TDLib and mtcute connect', async ({ expect }) => {
    const link = portico.link('alice')
    expect(await pingProxy(link)).toBeGreaterThan(0)
    const client = openMtcute({ route: routeOfLink(link), rsaKey: dataCentre.rsaKey })
    await client.config()
    await client.close()
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_answers_total', { flight: 'profile' })).toBeGreaterThan(1)
    await waitFor('that the front is gone to be said', () =>
      portico.log.some(({ level, code }) => level === 'warn' && code === 'front_unreachable'),
    )
    // Told once a second.
    await waitFor('what the clients have shown', async () => {
      const later = await portico.metrics()
      const ok = { user: 'alice', first_data: 'ok' }
      const answers = metricSum(later, 'portico_user_answers_total', ok)
      return answers > 1 && metricSum(later, 'portico_client_hellos_total') >= answers
    })
  })
})
