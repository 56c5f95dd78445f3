import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { READ_BUFFER_SIZE } from '../../src/net/static-read.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { comeIn, DOMAIN, drainAll, echo, echoSession, received } from './limited-clients.ts'

const KIB = 1024
const MIB = 1024 * KIB

const SECRET = {
  few: '00000000000000000000000000000001',
  nets: '00000000000000000000000000000002',
  home: '00000000000000000000000000000003',
  quota: '00000000000000000000000000000004',
  span: '00000000000000000000000000000005',
  slow: '00000000000000000000000000000006',
  throttled: '00000000000000000000000000000007',
  brief: '00000000000000000000000000000008',
  rotated: '00000000000000000000000000000009',
  old: '0000000000000000000000000000000a',
} as const

const QUOTA = 24 * MIB
/** Long enough for a portico to start on a busy machine. */
const OLD_SECRET_SECONDS = 30

let dataCentre: DataCentreProcess
let portico: Portico
let until: number
/** When the session that came by the old secret was ended. */
let oldEnded: Promise<number>

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  until = Math.ceil(Date.now() / 1000) + OLD_SECRET_SECONDS
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      tables: `
[metrics]
per_user = true
[log]
level = "debug"
[plans.few]
sessions = 3
[users.few]
secret = "${SECRET.few}"
plan = "few"
[users.nets]
secret = "${SECRET.nets}"
addresses = { max = 2, window = "4s", ipv4_prefix = 32 }
[users.home]
secret = "${SECRET.home}"
from = ["127.0.0.7"]
[users.quota]
secret = "${SECRET.quota}"
quota = { bytes = "24 MiB" }
[users.span]
secret = "${SECRET.span}"
quota = { bytes = "1 MiB", period = "6s" }
[users.slow]
secret = "${SECRET.slow}"
rate = { up = "512 KiB/s", down = "1 MiB/s" }
[users.throttled]
secret = "${SECRET.throttled}"
quota = { bytes = "2 MiB", period = "never", then = "throttle", throttle = "256 KiB/s" }
[users.brief]
secret = "${SECRET.brief}"
lifetime = "4s"
[users.rotated]
secret = "${SECRET.rotated}"
previous = [{ secret = "${SECRET.old}", until = ${new Date(until * 1000).toISOString()} }]
`,
    },
  })
  const old = await echoSession(portico, SECRET.old)
  oldEnded = drainAll(old).then(() => Date.now())
})

afterAll(async () => {
  await portico?.stop()
  await dataCentre?.stop()
})

async function refusedBecause(reason: string): Promise<number> {
  return metricSum(await portico.metrics(), 'portico_refused_total', { reason })
}

/** Counted soon after the fact: each worker folds its numbers a few times a second. */
function userBytes(user: string): Promise<number> {
  return portico.metrics().then((metrics) => metricSum(metrics, 'portico_user_bytes_total', { user }))
}

test('sessions: the plan’s number at a time over both workers, the next sees the site until one ends', async () => {
  const clients = await Promise.all([1, 2, 3].map(() => echoSession(portico, SECRET.few)))
  const tries = await Promise.all(Array.from({ length: 8 }, () => comeIn(portico, SECRET.few)))
  expect(tries).toEqual(Array.from({ length: 8 }, () => undefined))
  expect(await refusedBecause('user_sessions')).toBe(8)
  clients[1]!.socket.reset()
  await waitFor('the place to be free', async () => {
    const client = await comeIn(portico, SECRET.few)
    client?.socket.reset()
    return client !== undefined
  })
  await echo(clients[0]!)
  const line = portico.log.find(({ code }) => code === 'user_sessions')
  expect(line).toMatchObject({ user: 'few', step: 'admit' })
  for (const client of clients) client.socket.reset()
})

test('sessions: exactly the number when all come at once', async () => {
  await waitFor('the user to be gone', async () => {
    const metrics = await portico.metrics()
    // The session of the old secret lives on.
    return metricSum(metrics, 'portico_sessions') === 1
  })
  await sleep(300)
  const clients = await Promise.all(Array.from({ length: 40 }, () => comeIn(portico, SECRET.few)))
  const inside = clients.filter((client) => client !== undefined)
  expect(inside).toHaveLength(3)
  for (const client of inside) client.socket.reset()
})

test('addresses: as many networks as allowed when all come at once, and again after the window', async () => {
  const tries = Array.from({ length: 30 }, (_, n) => `127.0.1.${(n % 10) + 1}`)
  const results = await Promise.all(
    tries.map(async (address) => ({ address, client: await comeIn(portico, SECRET.nets, address) })),
  )
  const inside = results.filter(({ client }) => client !== undefined)
  const networks = new Set(inside.map(({ address }) => address))
  expect(networks.size).toBe(2)
  expect(inside).toHaveLength(6)
  expect(await refusedBecause('addresses')).toBe(24)
  for (const { client } of inside) client?.socket.reset()
  const [returning] = [...networks]
  const again = await echoSession(portico, SECRET.nets, returning)
  // Longer than the window: a live session keeps its network, the other one is forgotten.
  await sleep(5500)
  await echo(again)
  const other = await echoSession(portico, SECRET.nets, '127.0.1.100')
  expect(await comeIn(portico, SECRET.nets, '127.0.1.101')).toBeUndefined()
  for (const client of [again, other]) client.socket.reset()
})

test('from: nobody from elsewhere', async () => {
  expect(await comeIn(portico, SECRET.home, '127.0.0.8')).toBeUndefined()
  const client = await echoSession(portico, SECRET.home, '127.0.0.7')
  expect(await refusedBecause('from')).toBe(1)
  client.socket.reset()
})

describe('quota', () => {
  test('under 50 parallel sessions it is exceeded by one read at most, and nobody else notices', async () => {
    const alice = await echoSession(portico, ALICE)
    const clients = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const client = await comeIn(portico, SECRET.quota)
        if (!client) throw new Error('refused too early')
        return client
      }),
    )
    const ends = clients.map((client) => drainAll(client))
    await Promise.all(
      clients.map((client, seed) => client.command({ kind: 'firehose', bytes: 4 * MIB, seed, then: 'keep' })),
    )
    await Promise.all(ends)
    await sleep(1000)
    const counted = await userBytes('quota')
    expect(counted).toBeGreaterThanOrEqual(QUOTA)
    expect(counted).toBeLessThanOrEqual(QUOTA + READ_BUFFER_SIZE)
    const came = clients.reduce((sum, client) => sum + received(client), 0)
    expect(came).toBeGreaterThan(QUOTA * 0.8)
    expect(came).toBeLessThan((QUOTA + READ_BUFFER_SIZE) * 1.01)

    expect(await comeIn(portico, SECRET.quota)).toBeUndefined()
    await echo(alice)
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_sessions_total', { result: 'quota' })).toBe(50)
    expect(metricSum(metrics, 'portico_quota_exceeded_total')).toBe(1)
    expect(metricSum(metrics, 'portico_handshakes_total', { result: 'refused_quota' })).toBe(1)
    alice.socket.reset()
  })

  test('an idle session of the user ends within a second of it, and a new period lets the user in', async () => {
    const began = Date.now()
    const idle = await echoSession(portico, SECRET.span)
    const busy = await comeIn(portico, SECRET.span)
    const end = drainAll(busy!)
    await busy!.command({ kind: 'firehose', bytes: 8 * MIB, seed: 1, then: 'keep' })
    await end
    const usedUp = performance.now()
    await drainAll(idle)
    expect(performance.now() - usedUp).toBeLessThan(2500)
    expect(await comeIn(portico, SECRET.span)).toBeUndefined()
    await waitFor(
      'the new period',
      async () => {
        const client = await comeIn(portico, SECRET.span)
        client?.socket.reset()
        return client !== undefined
      },
      12_000,
    )
    expect(Date.now() - began).toBeGreaterThan(4500)
  })

  test('then = "throttle" goes on slowly', async () => {
    const client = await comeIn(portico, SECRET.throttled)
    const ended = drainAll(client!)
    await client!.command({ kind: 'firehose', bytes: 64 * MIB, seed: 1, then: 'keep' })
    await waitFor('the quota to be used up', () => received(client!) > 2.2 * MIB, 20_000)
    await sleep(1000)
    const [before, at] = [received(client!), performance.now()]
    await sleep(5000)
    const rate = ((received(client!) - before) / (performance.now() - at)) * 1000
    expect(rate / (256 * KIB)).toBeGreaterThan(0.8)
    expect(rate / (256 * KIB)).toBeLessThan(1.2)
    client!.socket.reset()
    await ended
  })
})

describe('rate', () => {
  test('down: within 15 % over seconds, shared by the sessions of both workers', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => comeIn(portico, SECRET.slow)))
    const ends = clients.map((client) => drainAll(client!))
    for (const client of clients) {
      await client!.command({ kind: 'firehose', bytes: 256 * MIB, seed: 1, then: 'keep' })
    }
    await sleep(1500)
    const before = clients.map((client) => received(client!))
    const began = performance.now()
    await sleep(6000)
    const seconds = (performance.now() - began) / 1000
    const rates = clients.map((client, at) => (received(client!) - before[at]!) / seconds)
    const all = rates.reduce((sum, rate) => sum + rate, 0)
    expect(all / MIB).toBeGreaterThan(0.85)
    expect(all / MIB).toBeLessThan(1.15)
    for (const rate of rates) {
      expect(rate / (MIB / 4)).toBeGreaterThan(0.5)
      expect(rate / (MIB / 4)).toBeLessThan(1.6)
    }
    for (const client of clients) client!.socket.reset()
    await Promise.all(ends)
  })

  test('up: within 15 % over seconds', async () => {
    const client = await comeIn(portico, SECRET.slow)
    await client!.command({ kind: 'sink', bytes: 64 * MIB, then: 'keep' })
    const chunk = Buffer.alloc(64 * KIB)
    const sender = { stops: false }
    const sending = (async () => {
      while (!sender.stops) await client!.send(chunk)
    })()
    await sleep(1500)
    const before = (await dataCentre.counters()).received
    const began = performance.now()
    await sleep(6000)
    const after = (await dataCentre.counters()).received
    const rate = ((after - before) / (performance.now() - began)) * 1000
    expect(rate / (512 * KIB)).toBeGreaterThan(0.85)
    expect(rate / (512 * KIB)).toBeLessThan(1.15)
    sender.stops = true
    client!.socket.reset()
    await Promise.race([sending, sleep(1000)])
  })
})

describe('time', () => {
  test('a lifetime from the first use ends live sessions at its second, and nobody else’s', async () => {
    const [alice, brief] = [await echoSession(portico, ALICE), await echoSession(portico, SECRET.brief)]
    const began = performance.now()
    await drainAll(brief)
    const lived = performance.now() - began
    expect(lived).toBeGreaterThan(2500)
    expect(lived).toBeLessThan(6500)
    expect(await comeIn(portico, SECRET.brief)).toBeUndefined()
    expect(await refusedBecause('expired')).toBe(1)
    await echo(alice)
    alice.socket.reset()
  })

  test('a previous secret and its sessions end at its date', async () => {
    const present = await echoSession(portico, SECRET.rotated)
    const ended = await oldEnded
    expect(ended / 1000).toBeGreaterThanOrEqual(until - 1)
    expect(ended / 1000).toBeLessThan(until + 3)
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_sessions_total', { result: 'expired' })).toBe(2)
    expect(await comeIn(portico, SECRET.old)).toBeUndefined()
    await echo(present)
    present.socket.reset()
  })
})
