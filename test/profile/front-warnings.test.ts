// needs: openssl

import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import { reloadAfter, replaceFile, status } from '../reload/reload-control.ts'
import { startDelayingRelay } from '../roads/delaying-relay.ts'
import { freePort } from '../world/free-port.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { porticoToml } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'

const DOMAIN = 'www.example.org'
/** Each way: so far away that no start waits until it is known. */
const FAR = 500
/** Between two tries of a front that is away, and some more. */
const ANOTHER_TRY = 13_000

const warnings = ({ log }: Portico) =>
  log
    .filter(({ level, code }) => level === 'warn' && code !== undefined)
    .map(({ code, event }) => ({ code, event }))

const codes = (portico: Portico) => warnings(portico).map(({ code }) => code)

test.concurrent('a distant front is warned of when it is known, at the start and after a reload', async ({
  expect,
}) => {
  const front = await startNodeHttps({ domain: DOMAIN })
  const [relay, other] = [
    await startDelayingRelay(front.endpoint, FAR),
    await startDelayingRelay(front.endpoint, FAR),
  ]
  const portico = await startPortico({ config: { domain: DOMAIN, front: relay } })
  try {
    expect(codes(portico)).toEqual([])
    await waitFor('the warning', () => codes(portico).length > 0)
    expect(warnings(portico)).toEqual([
      { code: 'front_many_records', event: expect.stringContaining(`127.0.0.1:${relay.port}`) },
    ])
    const changed = porticoToml({ domain: DOMAIN, front: other }, portico.port)
    await reloadAfter(portico, () => replaceFile(portico.file, changed))
    await waitFor('the warning of the other', () => codes(portico).length > 1)
    const [, { event } = { event: '' }] = warnings(portico)
    expect(event).toContain(`127.0.0.1:${other.port}`)
    // It stands until it is mended.
    expect((await status(portico)).troubles).toEqual([event])
    expect(codes(portico)).toEqual(['front_many_records', 'front_many_records'])
  } finally {
    await portico.stop()
    for (const each of [relay, other]) each.stop()
    await front.stop()
  }
})

test.concurrent('a port where nobody listens is said to be one, and only once', async ({ expect }) => {
  const port = await freePort()
  const portico = await startPortico({ config: { domain: DOMAIN, front: { host: '127.0.0.1', port } } })
  try {
    await waitFor('the warning', () => codes(portico).length > 0)
    await sleep(ANOTHER_TRY)
    expect(codes(portico)).toEqual(['front_unreachable'])
    expect((await status(portico)).troubles).toEqual([expect.stringContaining(`127.0.0.1:${port}`)])
  } finally {
    await portico.stop()
  }
})

test.concurrent('a front that says nothing is named after the first try', async ({ expect }) => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const portico = await startPortico({ config: { domain: DOMAIN, front: { host: '127.0.0.1', port } } })
  try {
    await waitFor('the warning', () => codes(portico).length > 0, ANOTHER_TRY)
    expect(codes(portico)).toEqual(['front_unreachable'])
  } finally {
    await portico.stop()
    silent.close()
  }
})
