// needs: haproxy openssl unbound

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { writeClientHello } from '../../src/protocol/tls/hello-writer.ts'
import { reloadAfter, replaceFile } from '../reload/reload-control.ts'
import { seededRandom } from '../vectors/vectors.ts'
import { httpsGet } from '../world/clients/https-get.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { freePort } from '../world/free-port.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { startHaproxy } from './haproxy.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startUnbound, type Unbound } from './unbound.ts'

const DOMAIN = 'www.example.org'
const NAME = 'front.world.example'
/** Where the front's name leads once it leads back, on the front's own port. */
const BACK = '127.0.0.2'
let front: Front
let portico: Portico | undefined
let unbound: Unbound | undefined
const balancers: ListeningProcess[] = []

beforeAll(async () => {
  front = await startNodeHttps({ domain: DOMAIN })
})

afterEach(async () => {
  await portico?.kill9()
  await unbound?.stop('SIGKILL')
  unbound = undefined
  for (const balancer of balancers.splice(0)) await balancer.stop('SIGKILL')
})

afterAll(async () => {
  await front?.stop()
})

interface Loop {
  /** portico's own listener at the end of it. */
  readonly back: { readonly host: string; readonly port: number }
  readonly dns: string
}

const config = ({ back, dns }: Loop, port: number) => `
[[listener]]
address = "127.0.0.1:${port}"
[[listener]]
address = "${back.host}:${back.port}"
[front]
domain = "${DOMAIN}"
address = "${NAME}:${front.endpoint.port}"
[users.alice]
secret = "${ALICE}"
[dns]
${dns}
`

const page = ({ host, port }: Portico) =>
  httpsGet({ host, port, domain: DOMAIN, root: front.chain.root }, '/')

async function expectLoopToEnd(running: Portico): Promise<void> {
  const silent = await RawSocket.connect(running)
  const visitor = await RawSocket.connect(running)
  await visitor.send(writeClientHello({ class: 'tdlib', domain: DOMAIN }, seededRandom('visitor')))
  // A balancer on the way makes a FIN of a reset.
  expect((await visitor.readToEnd(20_000)).ending).not.toBeUndefined()
  await waitFor('the reason in the log', () =>
    running.log.some(({ level, event }) => level === 'error' && event.includes('leads back to portico')),
  )
  expect((await silent.readToEnd(20_000)).ending).not.toBeUndefined()
  const dials = async () => metricSum(await running.metrics(), 'portico_front_dials_total')
  const before = await dials()
  await sleep(500)
  expect(await dials()).toBe(before)
}

test('a front whose DNS record comes to lead back ends at once, the log says so, and it is used again when it answers', async () => {
  const record = (address: string) => [`${NAME}. 5 IN A ${address}`]
  unbound = await startUnbound(record('127.0.0.1'))
  const loop = { back: { host: BACK, port: front.endpoint.port }, dns: `servers = ["${unbound.udp}"]` }
  portico = await startPortico({ config: (port) => config(loop, port), workers: 1 })
  const running = portico
  expect((await page(running)).status).toBe(200)
  await unbound.stop('SIGKILL')
  unbound = await startUnbound(record(BACK), unbound)
  await waitFor(
    'the record to change',
    async () => (await page(running).catch(() => undefined)) === undefined,
  )
  await expectLoopToEnd(running)
  await waitFor(
    'every hop to end',
    async () => metricSum(await running.metrics(), 'portico_descriptors') === 0,
  )
  // Mended elsewhere: nobody tells portico.
  await unbound.stop('SIGKILL')
  unbound = await startUnbound(record('127.0.0.1'), unbound)
  await waitFor(
    'the front to be asked again',
    () => running.log.some(({ event }) => event === 'the front answers now'),
    90_000,
  )
  expect((await page(running)).status).toBe(200)
})

test.each([3])(
  'a loop of %i hops that a reload brings ends at once, and is over when the next one mends it',
  async (hops) => {
    const back = { host: BACK, port: await freePort() }
    let next = back
    for (let hop = 1; hop < hops; hop++) {
      // The one that the front's name leads to stands on the front's port.
      const at = hop === hops - 1 ? { host: '127.0.0.3', port: front.endpoint.port } : undefined
      const balancer = await startHaproxy(next, '', at)
      balancers.push(balancer)
      next = { host: '127.0.0.1', port: balancer.port }
    }
    const leads = (address: string) => ({ back, dns: `hosts = { "${NAME}" = "${address}" }` })
    portico = await startPortico({ config: (port) => config(leads('127.0.0.1'), port) })
    const running = portico
    const reload = (address: string) =>
      reloadAfter(running, () => replaceFile(running.file, config(leads(address), running.port)))
    expect((await page(running)).status).toBe(200)
    await reload('127.0.0.3')
    await expectLoopToEnd(running)
    await reload('127.0.0.1')
    expect((await page(running)).status).toBe(200)
  },
)

test('a hello that somebody sends twice is answered twice, and the front is asked once more', async () => {
  const loop = { back: { host: BACK, port: await freePort() }, dns: `hosts = { "${NAME}" = "127.0.0.1" }` }
  portico = await startPortico({ config: (port) => config(loop, port) })
  const hello = writeClientHello({ class: 'tdlib', domain: DOMAIN }, seededRandom('twice'))
  const both = await Promise.all([RawSocket.connect(portico), RawSocket.connect(portico)])
  for (const one of both) await one.send(hello)
  for (const one of both) expect((await one.read(3)).toString('hex')).toBe('160303')
  expect(portico.log.filter(({ level }) => level === 'error')).toEqual([])
})
