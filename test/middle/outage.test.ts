import { afterEach, describe, expect, test } from 'vitest'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { writeRawCommand } from '../world/data-centre/raw-command.ts'
import { metricSum } from '../world/metrics.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'
import { MiddleClient } from './middle-client.ts'
import { DOMAIN, middleOf, TAG } from './scene.ts'

const EACH = 200
const TAGGED = '00112233445566778899aabbccddeeff'
const PLAIN = 'ffeeddccbbaa99887766554433221100'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function scene(telegramKeys: string) {
  const dataCentre = await FakeDataCentre.start()
  stops.push(() => dataCentre.stop())
  const middles = [await FakeMiddleProxy.start()]
  middles.push(await FakeMiddleProxy.start({ secret: middles[0]!.secret }))
  for (const middle of middles) stops.push(() => middle.stop())
  const portico = await startPortico({
    config: (port) => `
public_host = "127.0.0.1"
[[listener]]
address = "127.0.0.1:${port}"
modes = ["tls", "classic"]
[front]
domain = "${DOMAIN}"
address = "built-in"
[telegram]
${telegramKeys}
data_centres = { 2 = ["127.0.0.1:${dataCentre.port}"] }
${middleOf(...middles)}
[users.plain]
secret = "${PLAIN}"
[users.tagged]
secret = "${TAGGED}"
ad_tag = "${TAG}"
`,
  })
  stops.push(() => portico.stop())
  const sum = async (name: string, labels = {}) => metricSum(await portico.metrics(), name, labels)
  return {
    portico,
    sum,
    die: () => Promise.all(middles.map((middle) => middle.die())),
    comeBack: () => Promise.all(middles.map((middle) => middle.accept())),
    clients: () => middles.reduce((all, middle) => all + middle.clients, 0),
  }
}

async function openDirect(portico: Portico, secret: string): Promise<MiddleClient> {
  const client = await MiddleClient.open(portico, Buffer.from(secret, 'hex'))
  await client.sendFrame(writeRawCommand({ kind: 'echo' }))
  await say(client, 'hello')
  return client
}

async function say(client: MiddleClient, text: string): Promise<void> {
  await client.sendBare(Buffer.from(text))
  expect((await client.readBare(text.length)).toString()).toBe(text)
}

async function openMiddle(portico: Portico): Promise<MiddleClient> {
  const client = await MiddleClient.open(portico, Buffer.from(TAGGED, 'hex'))
  await client.echo('hello')
  return client
}

async function many<T>(open: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  while (all.length < EACH) all.push(...(await Promise.all(Array.from({ length: 20 }, open))))
  return all
}

async function isSent(client: MiddleClient): Promise<boolean> {
  return client.socket.readToEnd(20_000).then(({ ending }) => ending !== undefined)
}

test('all middle proxies die and come back: no direct session ends, tagged ones go direct meanwhile', async () => {
  const { portico, sum, die, comeBack, clients } = await scene('fallback = "always"')
  const direct = await many(() => openDirect(portico, PLAIN))
  const tagged = await many(() => openMiddle(portico))
  expect(clients()).toBe(EACH)

  await die()
  expect(await Promise.all(tagged.map(isSent))).not.toContain(false)
  await Promise.all(direct.map((client) => say(client, 'still here')))

  const fallen = await openDirect(portico, TAGGED)
  expect(await sum('portico_middle_fallbacks_total', { kind: 'tagged' })).toBeGreaterThan(0)
  expect(portico.log.some(({ event }) => event.startsWith('ad tag not shown'))).toBe(true)

  await comeBack()
  // Whoever tries before the wait is over goes direct, and answers nothing here.
  await waitFor(
    'sessions by middle again',
    async () => {
      const client = await MiddleClient.open(portico, Buffer.from(TAGGED, 'hex'))
      await client.ask({ kind: 'echo', text: 'again' })
      await waitFor('an answer', () => client.socket.unread > 0 || clients() > 0, 1000).catch(() => {})
      return clients() > 0
    },
    60_000,
  )
  await Promise.all([fallen, ...direct].map((client) => say(client, 'to the end')))
})

describe('without a middle proxy', () => {
  test.each([
    ['untagged', true],
    ['never', false],
  ])('fallback %s', async (fallback, isServed) => {
    const { portico, sum, die } = await scene(`via = "middle"\nfallback = "${fallback}"`)
    const before = await openMiddle(portico)
    await die()
    expect(await isSent(before)).toBe(true)
    const refused = await MiddleClient.open(portico, Buffer.from(TAGGED, 'hex'))
    // The site's own end: it was no TLS.
    expect(await isSent(refused)).toBe(true)
    if (isServed) await openDirect(portico, PLAIN)
    else expect(await isSent(await MiddleClient.open(portico, Buffer.from(PLAIN, 'hex')))).toBe(true)
    expect(await sum('portico_middle_fallbacks_total', { kind: 'tagged' })).toBe(0)
    expect(await sum('portico_middle_fallbacks_total', { kind: 'untagged' })).toBe(isServed ? 1 : 0)
    expect(await sum('portico_sessions_total', { result: 'no_road' })).toBe(isServed ? 1 : 2)
  })
})
