// needs: nginx openssl

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'vitest'
import { genuineHello } from '../probes/hellos.ts'
import { play } from '../probes/matrix.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { recordedProfile } from './recorded-profile.ts'

const DOMAIN = 'www.example.org'
const PATIENCE = 1500
const USUAL = 'ssl_protocols TLSv1.2 TLSv1.3;'

/** Ways in which a front gives no answer that a Telegram client takes. */
const UNFIT = [
  {
    what: 'TLS 1.2 alone',
    lines: 'ssl_protocols TLSv1.2;',
    warning: 'front_no_tls13',
    code: 'tls12',
  },
  {
    what: 'a HelloRetryRequest to everybody',
    lines: 'ssl_protocols TLSv1.3; ssl_ecdh_curve secp384r1;',
    warning: 'front_hello_retry',
    code: 'hello_retry_request',
  },
] as const

async function setProtocols(front: Front, lines: string): Promise<void> {
  const path = join(dirname(front.chain.key), 'nginx.conf')
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, before.replace(/ssl_protocols.*$/m, lines))
  await front.restart()
}

const warned = ({ log }: Portico, code: string) =>
  log.some((line) => line.level === 'warn' && line.code === code)

test.concurrent.for(UNFIT)(
  '$what from the start: it is said, and users meet the site',
  async ({ lines, warning, code }, { expect }) => {
    const front = await startNginx({ domain: DOMAIN })
    await setProtocols(front, lines)
    const portico = await startPortico({ config: { domain: DOMAIN, front: front.endpoint }, built: true })
    try {
      await waitFor('the warning', () => warned(portico, warning))
      const hello = genuineHello(Buffer.from(ALICE, 'hex'))
      const said = await play((client) => client.send(hello), portico, PATIENCE)
      const direct = await play((client) => client.send(hello), front.endpoint, PATIENCE)
      const begin = ({ bytes, end }: typeof said) => [bytes.subarray(0, 11).toString('hex'), end]
      expect(begin(said)).toEqual(begin(direct))
      // The two numbers of an ECDSA signature lose a byte now and then.
      expect(Math.abs(said.bytes.length - direct.bytes.length)).toBeLessThanOrEqual(3)
      const metrics = await portico.metrics()
      expect(metricSum(metrics, 'portico_front_unmirrorable_total', { code })).toBe(1)
      expect(metricSum(metrics, 'portico_handshakes_total', { result: 'unmirrorable' })).toBe(1)
    } finally {
      await portico.stop()
      await front.stop()
    }
  },
)

test.concurrent('a front that changes meanwhile: users keep what was recorded, and it is said', async ({
  expect,
}) => {
  const [dataCentre, front] = await Promise.all([FakeDataCentre.start(), startNginx({ domain: DOMAIN })])
  const config = { domain: DOMAIN, front: front.endpoint, dataCentre }
  const portico = await startPortico({ config, built: true })
  const connect = () => pingProxy(`tg://proxy?server=${portico.host}&port=${portico.port}&secret=${SECRET}`)
  const answers = async (flight: string) =>
    metricSum(await portico.metrics(), 'portico_answers_total', { flight })
  try {
    await recordedProfile(portico, ({ flights }) => flights.tdlib !== undefined)
    await connect()
    expect([await answers('merged'), await answers('profile')]).toEqual([1, 0])

    for (const { lines, warning, code } of UNFIT) {
      const before = await answers('profile')
      await setProtocols(front, lines)
      expect(await connect()).toBeGreaterThan(0)
      expect(await answers('profile')).toBe(before + 1)
      expect(metricSum(await portico.metrics(), 'portico_front_unmirrorable_total', { code })).toBe(1)
      await waitFor(`the warning of ${warning}`, () => warned(portico, warning), 30_000)
    }

    await setProtocols(front, USUAL)
    const merged = await answers('merged')
    await connect()
    expect(await answers('merged')).toBe(merged + 1)
    await waitFor(
      'that to be said',
      () => portico.log.some(({ event }) => event.includes('fit users again')),
      30_000,
    )
  } finally {
    await portico.stop()
    await front.stop()
    await dataCentre.stop()
  }
})

const SECRET = `ee${ALICE}${Buffer.from(DOMAIN).toString('hex')}`
