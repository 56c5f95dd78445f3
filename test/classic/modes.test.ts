import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DOMAIN, middleOf, TAG } from '../middle/scene.ts'
import { openMtcute, routeOfLink } from '../world/clients/mtcute.ts'
import { obfuscate } from '../world/clients/obfuscated-client.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { metricSum } from '../world/metrics.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'

const MIB = 1024 * 1024
const TAGGED = '00112233445566778899aabbccddeeff'

let dataCentre: FakeDataCentre
let middle: FakeMiddleProxy
let portico: Portico

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
  middle = await FakeMiddleProxy.start({ dataCentre })
  portico = await startPortico({
    config: (port) => `
public_host = "127.0.0.1"
[[listener]]
address = "127.0.0.1:${port}"
modes = ["tls", "secure", "classic"]
[front]
domain = "${DOMAIN}"
address = "built-in"
[telegram]
probe = "off"
fallback = "never"
data_centres = { 2 = ["127.0.0.1:${dataCentre.port}"], 1 = ["127.0.0.1:${dataCentre.port}"] }
${middleOf(middle)}
[users.direct]
secret = "${ALICE}"
[users.tagged]
secret = "${TAGGED}"
ad_tag = "${TAG}"
`,
  })
})

afterAll(async () => {
  await portico?.stop()
  await middle?.stop()
  await dataCentre?.stop()
})

const WAYS = (['classic', 'secure', 'tls'] as const).flatMap((mode) =>
  (['direct', 'tagged'] as const).map((user) => ({ mode, user })),
)

function secretOf(mode: 'classic' | 'secure' | 'tls', user: 'direct' | 'tagged'): string {
  const key = user === 'direct' ? ALICE : TAGGED
  if (mode === 'classic') return key
  if (mode === 'secure') return `dd${key}`
  return routeOfLink(portico.link(user)).kind === 'proxy'
    ? `ee${key}${Buffer.from(DOMAIN).toString('hex')}`
    : ''
}

describe.each(WAYS)('$mode, $user', ({ mode, user }) => {
  test('mtcute makes a key, and 2 MB up and down arrive whole', async () => {
    middle.requests.length = 0
    const route = {
      kind: 'proxy' as const,
      host: portico.host,
      port: portico.port,
      secret: secretOf(mode, user),
    }
    const client = openMtcute({ route, rsaKey: dataCentre.rsaKey })
    try {
      await client.config()
      const up = await client.upload(2 * MIB, 7)
      expect(await client.download(2 * MIB, 7)).toEqual({ bytes: 2 * MIB, sha256: up.sha256 })
    } finally {
      await client.close()
    }
    const tags = new Set(middle.requests.map(({ adTag }) => adTag))
    expect(tags).toEqual(new Set(user === 'tagged' ? [TAG] : []))
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_bytes_total', { side: 'client', direction: 'down' })).toBeGreaterThan(
      0,
    )
  })

  test('TDLib gets an answer', async () => {
    const link = `tg://proxy?server=${portico.host}&port=${portico.port}&secret=${secretOf(mode, user)}`
    expect(await pingProxy(link)).toBeGreaterThan(0)
  })
})

test('an init that was used before sees the site', async () => {
  const { init } = obfuscate({ dc: 2, framing: 'padded', secret: Buffer.from(ALICE, 'hex') })
  const sum = async (name: string, labels = {}) => metricSum(await portico.metrics(), name, labels)
  const [first, second] = [await RawSocket.connect(portico), await RawSocket.connect(portico)]
  await first.send(init)
  await expect.poll(() => sum('portico_sessions', { mode: 'secure' }), { timeout: 10_000 }).toBeGreaterThan(0)
  const before = await sum('portico_replays_total')
  await second.send(init)
  await expect.poll(() => sum('portico_replays_total'), { timeout: 10_000 }).toBe(before + 1)
  // The site's own end: it was no TLS.
  await expect(second.read(1 << 16)).rejects.toThrow()
  first.close()
})

test('the start says what such a listener costs', () => {
  expect(portico.log.some(({ level, event }) => level === 'warn' && event.includes('without FakeTLS'))).toBe(
    true,
  )
})
