import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpsGet } from '../clients/https-get.ts'
import { contentHash } from '../data-centre/content.ts'
import { startBun } from './bun.ts'
import { startCaddy } from './caddy.ts'
import { startDribble } from './dribble.ts'
import type { Front, ServerFront } from './front.ts'
import { startNginx } from './nginx.ts'
import { startNodeHttps } from './node-https.ts'
import { startOpensslServer } from './openssl-server.ts'
import { FRONT_PAGE } from './site-folder.ts'

const MIB = 1 << 20
const domain = 'www.example.org'
const STARTS = { nginx: startNginx, caddy: startCaddy, bun: startBun, node: startNodeHttps }

function target({ endpoint, chain }: Front) {
  return { host: endpoint.host, port: endpoint.port, domain, root: chain.root }
}

describe.each(Object.entries(STARTS))('%s', (_name, start) => {
  let front: ServerFront

  beforeAll(async () => {
    front = await start({ domain, timers: { header: 2, keepAlive: 2 } })
  })

  afterAll(() => front.stop())

  test('serves the page and a large body, and comes back after a restart', async () => {
    expect(await httpsGet(target(front), '/')).toMatchObject({ status: 200, text: FRONT_PAGE })
    const large = await httpsGet(target(front), `/bytes/${10 * MIB}`)
    expect(large).toMatchObject({ status: 200, bytes: 10 * MIB, sha256: contentHash(0, 10 * MIB) })
    await front.stop()
    await expect(httpsGet(target(front), '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await front.restart()
    expect((await httpsGet(target(front), '/')).status).toBe(200)
  })

  test('has a twin that shows the same certificate when it is gone itself', async () => {
    const twin = await front.twin()
    await front.stop()
    expect(twin.endpoint.port).not.toBe(front.endpoint.port)
    expect(twin.chain.root).toBe(front.chain.root)
    expect(await httpsGet(target({ ...twin, chain: front.chain }), '/')).toMatchObject({ status: 200 })
    await twin.stop()
    await front.restart()
  })

  test('passes through a dribble unchanged', async () => {
    const dribble = await startDribble(front, { until: 3000 })
    expect(await httpsGet(target(dribble), '/')).toMatchObject({ status: 200, text: FRONT_PAGE })
    await dribble.restart()
    expect((await httpsGet(target(dribble), `/bytes/${MIB}`)).sha256).toBe(contentHash(0, MIB))
    await dribble.stop()
  })
})

test('openssl s_server tells its status, or serves files', async () => {
  const status = await startOpensslServer({ domain })
  expect((await httpsGet(target(status), '/')).text).toContain('TLSv1.3')
  await status.stop()

  const files = await startOpensslServer({ domain, serve: 'files' })
  expect((await httpsGet(target(files), `/bytes/${MIB}`)).sha256).toBe(contentHash(0, MIB))
  await files.stop()
})
