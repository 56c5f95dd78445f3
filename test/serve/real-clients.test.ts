// needs: nginx openssl

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMtcute, routeOfLink } from '../world/clients/mtcute.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { startBun } from '../world/fronts/bun.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'

const DOMAIN = 'www.example.org'
const MIB = 1024 * 1024

describe.each([
  { name: 'nginx, from source', start: startNginx, built: false, merged: true },
  { name: 'Bun, the stripped build', start: startBun, built: true, merged: false },
])('real clients before $name', ({ start, built, merged }) => {
  let dataCentre: DataCentreProcess
  let front: Front
  let portico: Portico

  beforeAll(async () => {
    dataCentre = await startDataCentreProcess()
    front = await start({ domain: DOMAIN })
    portico = await startPortico({ config: { domain: DOMAIN, front: front.endpoint, dataCentre }, built })
  })

  afterAll(async () => {
    await portico?.stop()
    await front?.stop()
    await dataCentre?.stop()
  })

  test('mtcute makes a key, and 32 MB up and down arrive whole', async () => {
    const route = routeOfLink(portico.link('alice'))
    const client = openMtcute({ route, rsaKey: dataCentre.rsaKey })
    try {
      await client.config()
      const up = await client.upload(32 * MIB, 7)
      const down = await client.download(32 * MIB, 7)
      expect(down.bytes).toBe(32 * MIB)
      expect(down.sha256).toBe(up.sha256)
      const { uploads } = await dataCentre.counters()
      expect(uploads[up.file]).toMatchObject({ bytes: 32 * MIB, sha256: up.sha256 })
    } finally {
      await client.close()
    }
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_handshakes_total', { result: 'ok' })).toBeGreaterThan(0)
    expect(metricSum(metrics, 'portico_front_merged_total') > 0).toBe(merged)
    expect(metricSum(metrics, 'portico_bytes_total', { direction: 'down', side: 'client' })).toBeGreaterThan(
      32 * MIB,
    )
  })

  test('TDLib gets an answer through the link that `portico link` prints', async () => {
    expect(await pingProxy(portico.link('alice'))).toBeGreaterThan(0)
  })

  test('no secret is in the log', () => {
    const all = JSON.stringify(portico.log) + portico.said()
    expect(all).not.toContain('8f0c4a1be27d5936a0c4f1e2d3b4a596')
  })
})
