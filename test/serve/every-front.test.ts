// needs: nginx caddy openssl

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELLO_CLASSES } from '../../src/front/learn.ts'
import { stumbles } from '../../src/front/segments.ts'
import { refusedSegments, SEGMENTS } from '../world/clients/flight-parsers.ts'
import { openMtcute } from '../world/clients/mtcute.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { freePort } from '../world/free-port.ts'
import { startBun } from '../world/fronts/bun.ts'
import { startCaddy } from '../world/fronts/caddy.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { startOpensslServer } from '../world/fronts/openssl-server.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'

const FRONTS = {
  nginx: startNginx,
  bun: startBun,
  caddy: startCaddy,
  node: startNodeHttps,
  openssl: startOpensslServer,
} as const
type FrontName = keyof typeof FRONTS
const NAMES = Object.keys(FRONTS) as FrontName[]
const domainOf = (name: FrontName) => `${name}.example.org`

/** How users are answered; the front of the first site has those who come without FakeTLS. */
const MODES = [
  { mode: 'mirrored', answer: 'mirror', isDown: false, first: 'nginx' },
  { mode: 'recorded', answer: 'profile', isDown: false, first: 'bun' },
  { mode: 'recorded, the front down', answer: 'auto', isDown: true, first: 'caddy' },
] as const

/** Models of their parsers; only Android’s breaks off where a segment ends behind the ServerHello. */
const CLIENTS = ['tdlib', 'desktop', 'ios', 'android'] as const

let dataCentre: FakeDataCentre

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start()
})

afterAll(() => dataCentre?.stop())

describe.concurrent.each(MODES)('$mode', ({ answer, isDown, first }) => {
  let fronts: readonly Front[] = []
  let portico: Portico
  let plainPort: number

  beforeAll(async () => {
    const names = [first, ...NAMES.filter((name) => name !== first)]
    fronts = await Promise.all(names.map((name) => FRONTS[name]({ domain: domainOf(name) })))
    plainPort = await freePort('127.0.0.1')
    const config = (port: number) => configuration({ answer, fronts, port, plainPort })
    portico = await startPortico({ config, built: true, workers: 1 })
    if (answer === 'mirror') return
    await waitFor(
      () => `every front to be recorded, not only ${recordedDomains(portico).join()}`,
      () => recordedDomains(portico).length === NAMES.length,
      60_000,
    )
    if (isDown) await Promise.all(fronts.map((front) => front.stop()))
  })

  afterAll(async () => {
    await portico?.stop()
    await Promise.all(fronts.map((front) => front.stop()))
  })

  test.concurrent.each(NAMES)('before %s', async (name) => {
    const secret = `ee${ALICE}${Buffer.from(domainOf(name)).toString('hex')}`
    expect(await connectBoth(portico, portico.port, secret)).toBeGreaterThan(0)
  })

  test.concurrent.each(['secure', 'classic'])('%s', async (kind) => {
    const secret = kind === 'secure' ? `dd${ALICE}` : ALICE
    expect(await connectBoth(portico, plainPort, secret)).toBeGreaterThan(0)
  })

  test.concurrent.each(NAMES)('what %s gives fits every client, however the path cuts it', async (name) => {
    for (const helloClass of HELLO_CLASSES) {
      const client = await ScriptedClient.connect({ ...portico, secret: Buffer.from(ALICE, 'hex') })
      const { bytes, serverHello } = await client.handshake({ class: helloClass, domain: domainOf(name) })
      client.socket.close()
      const refused = CLIENTS.map((model) => refusedSegments(model, bytes))
      const known = SEGMENTS.filter((size) => stumbles(5 + serverHello, size))
      expect(refused).toEqual([[], [], [], known])
    }
  })

  test('and each was answered so', { concurrent: false }, async () => {
    const metrics = await portico.metrics()
    const answers = (flight: string) => metricSum(metrics, 'portico_answers_total', { flight })
    const least = (2 + HELLO_CLASSES.length) * NAMES.length
    if (answer === 'mirror') expect(answers('mirror') + answers('merged')).toBeGreaterThanOrEqual(least)
    else expect(answers('profile')).toBeGreaterThanOrEqual(least)
  })

  /** Seconds that TDLib took; mtcute makes a key and asks for the configuration meanwhile. */
  async function connectBoth({ host }: Portico, port: number, secret: string): Promise<number> {
    const client = openMtcute({ route: { kind: 'proxy', host, port, secret }, rsaKey: dataCentre.rsaKey })
    const link = `tg://proxy?server=${host}&port=${port}&secret=${secret}`
    try {
      const [seconds] = await Promise.all([pingProxy(link), client.config()])
      return seconds
    } finally {
      await client.close()
    }
  }
})

function configuration({
  answer,
  fronts,
  port,
  plainPort,
}: {
  answer: string
  fronts: readonly Front[]
  port: number
  plainPort: number
}): string {
  const [first, ...others] = fronts.map(
    ({ domain, endpoint }) => `domain = "${domain}"\naddress = "${endpoint.host}:${endpoint.port}"`,
  )
  const numbers = [1, 2, 3, 4, 5].map((dc) => `${dc} = ["${dataCentre.host}:${dataCentre.port}"]`)
  return `
public_host = "127.0.0.1"
[[listener]]
address = "127.0.0.1:${port}"
[[listener]]
address = "127.0.0.1:${plainPort}"
modes = ["secure", "classic"]
[front]
answer = "${answer}"
${first}
${others.map((site) => `[[front.site]]\n${site}`).join('\n')}
[telegram]
probe = "off"
[telegram.data_centres]
${numbers.join('\n')}
[users.alice]
secret = "${ALICE}"
`
}

/** Of the sites that portico has flights of. */
function recordedDomains({ dir }: Portico): string[] {
  const folder = join(dir, 'state', 'profiles')
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
    return files.map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as Front).domain)
  } catch {
    // Not made yet, or just being replaced.
    return []
  }
}
