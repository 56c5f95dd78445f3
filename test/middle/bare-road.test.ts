import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { openMtcute } from '../world/clients/mtcute.ts'
import { obfuscate } from '../world/clients/obfuscated-client.ts'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { waitFor } from '../world/wait-for.ts'
import { openBareRoad } from './bare-road.ts'
import { MiddleClient } from './middle-client.ts'

const MIB = 1024 * 1024
const SECRET = randomBytes(16)

type Road = Awaited<ReturnType<typeof openBareRoad>>
const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function scene(
  proxies: readonly FakeMiddleProxy[],
  more: { adTag?: Buffer; unixSeconds?: () => number; probe?: number } = {},
) {
  const addresses = proxies.map(({ host, port }) => ({ kind: 'tcp' as const, host, port }))
  const road = await openBareRoad({ secret: SECRET, middleSecret: proxies[0]!.secret, addresses, ...more })
  stops.push(() => road.close())
  return road
}

async function middleProxy(options: Parameters<typeof FakeMiddleProxy.start>[0] = {}) {
  const proxy = await FakeMiddleProxy.start(options)
  stops.push(() => proxy.stop())
  return proxy
}

const Client = { open: (road: Road) => MiddleClient.open(road, SECRET) }

test('mtcute makes a key, and 4 MB up and down arrive whole', async () => {
  const dataCentre = await FakeDataCentre.start()
  stops.push(() => dataCentre.stop())
  const middle = await middleProxy({ dataCentre })
  const road = await scene([middle], { adTag: Buffer.alloc(16, 0xab) })
  const route = {
    kind: 'proxy' as const,
    host: road.host,
    port: road.port,
    secret: `dd${SECRET.toString('hex')}`,
  }
  const client = openMtcute({ route, rsaKey: dataCentre.rsaKey })
  try {
    await client.config()
    const up = await client.upload(4 * MIB, 7)
    expect(await client.download(4 * MIB, 7)).toEqual({ bytes: 4 * MIB, sha256: up.sha256 })
  } finally {
    await client.close()
  }
  expect(new Set(middle.requests.map(({ adTag }) => adTag))).toEqual(new Set(['ab'.repeat(16)]))
})

describe('failures are told apart, and the next attempt can succeed', () => {
  test.each([
    ['no answer to the nonce but a reset', { nonce: 'drop' }, 'nonce_refused reset'],
    ['a clock that differs', { nonce: 'late-clock' }, 'clock'],
    ['flags refused', { refusal: -7 }, 'handshake refused_flags'],
    ['a peer refused', { refusal: -4 }, 'handshake refused_peer'],
  ] as const)('%s', async (_name, behaviour, expected) => {
    const middle = await middleProxy()
    const road = await scene([middle])
    middle.behave(behaviour)
    const refused = await Client.open(road)
    await waitFor('the refusal', () => road.results.length > 0)
    expect(road.failures[0]).toBe(expected)
    refused.socket.close()
    middle.behave({})
    road.advance(31_000)
    const served = await Client.open(road)
    await served.echo('again')
  })

  test('another secret', async () => {
    const middle = await middleProxy()
    const addresses = [{ kind: 'tcp' as const, host: middle.host, port: middle.port }]
    const road = await openBareRoad({ secret: SECRET, middleSecret: randomBytes(64), addresses })
    stops.push(() => road.close())
    await Client.open(road)
    await waitFor('the refusal', () => road.results.length > 0)
    expect(road.failures[0]).toMatch(/^nonce_refused/)
  })

  test('our clock is far off: the middle proxy refuses it', async () => {
    const middle = await middleProxy()
    const road = await scene([middle], { unixSeconds: () => Math.floor(Date.now() / 1000) - 90 })
    await Client.open(road)
    await waitFor('the refusal', () => road.results.length > 0)
    expect(middle.records[0]!.fault).toBe('clock')
    expect(road.failures[0]).toMatch(/^nonce_refused/)
  })

  test('whoever refuses our flags is asked for CRC-32C the next time', async () => {
    const middle = await middleProxy({ crc32c: true })
    const road = await scene([middle])
    middle.behave({ refusal: -7 })
    await Client.open(road)
    await waitFor('the refusal', () => road.results.length > 0)
    middle.behave({})
    road.advance(31_000)
    const served = await Client.open(road)
    await served.echo('with the other checksum')
    expect(middle.records.at(-1)!.crc32c).toBe(true)
  })
})

test('300 clients share few connections; one that stops reading delays nobody and loses nothing', async () => {
  const middle = await middleProxy()
  const road = await scene([middle])
  const clients: MiddleClient[] = []
  for (let i = 0; i < 300; i++) clients.push(await Client.open(road))
  await Promise.all(clients.map((client, i) => client.echo(`client ${i}`)))
  expect(middle.open).toBeLessThanOrEqual(8)

  const [stopped, ...others] = clients as [MiddleClient, ...MiddleClient[]]
  stopped.socket.stopReading()
  const answers = 48
  await stopped.ask({ kind: 'pour', answers, bytes: 512 * 1024 })
  await waitFor('answers to pile up', () => road.waiting.held > 8 * MIB)
  // What it asks for now is not even read.
  await Promise.all(others.map((client, i) => client.echo(`beside it ${i}`)))
  expect(road.waiting.held).toBeLessThanOrEqual(answers * 513 * 1024)

  stopped.socket.startReading()
  for (let number = 0; number < answers; number++) {
    const answer = await stopped.answer()
    expect([answer.length, answer.readUInt32LE(0)]).toEqual([512 * 1024, number])
  }
  expect(road.waiting.held).toBe(0)
  expect(road.results).toEqual([])
})

test('more than may wait ends the client that does not take it, and nobody else', async () => {
  const middle = await middleProxy()
  const road = await scene([middle])
  const [greedy, other] = [await Client.open(road), await Client.open(road)]
  await other.echo('before')
  greedy.socket.stopReading()
  await greedy.ask({ kind: 'pour', answers: 50, bytes: MIB })
  await waitFor('the end of the greedy one', () => road.results.includes('slow'))
  await other.echo('after')
  expect(road.results).toEqual(['slow'])
  expect(road.waiting.held).toBe(0)
})

test('a middle proxy that dies takes its own clients with it, and the next session goes by another at once', async () => {
  const first = await middleProxy()
  const second = await middleProxy({ secret: first.secret })
  const road = await scene([first, second])
  const clients: MiddleClient[] = []
  for (let i = 0; i < 300; i++) clients.push(await Client.open(road))
  await Promise.all(clients.map((client, i) => client.echo(`client ${i}`)))
  expect(second.open).toBe(0)

  await first.die()
  await waitFor('its clients to end', () => road.results.length === 300)
  expect(new Set(road.results)).toEqual(new Set(['middle_lost']))
  const next = await Client.open(road)
  await next.echo('by the second')
  expect(second.clients).toBe(1)
})

test('a middle proxy that answers no question of ours gets no more clients while another answers', async () => {
  const dataCentre = await FakeDataCentre.start()
  stops.push(() => dataCentre.stop())
  const mute = await middleProxy()
  const good = await middleProxy({ secret: mute.secret, dataCentre })
  const road = await scene([mute, good], { probe: 1000 })
  const before = await Client.open(road)
  await before.echo('by the first')
  road.advance(1500)
  road.sweep()
  await waitFor('the question', () => mute.requests.some(({ encrypted }) => !encrypted))
  road.advance(11_000)
  await waitFor('the lack of an answer', () => road.probed.includes('no_answer'))
  // The first of these still goes by the old one, and makes the pool look for another.
  for (const text of ['next', 'and next']) await (await Client.open(road)).echo(text)
  await waitFor('a connection to the other', () => good.open === 1)
  const young = await Client.open(road)
  await young.echo('by the second')
  expect([good.clients >= 1, mute.open]).toEqual([true, 1])
  await before.echo('still by the first')
  road.advance(1500)
  road.sweep()
  await waitFor('an answer of the second', () => road.probed.includes('ok'))
})

test('with changed addresses the new sessions go there, and the old ones stay', async () => {
  const first = await middleProxy()
  const second = await middleProxy({ secret: first.secret })
  const road = await scene([first])
  const old = await Client.open(road)
  await old.echo('before')
  road.apply([{ kind: 'tcp', host: second.host, port: second.port }])
  const young = await Client.open(road)
  await young.echo('by the second')
  await old.echo('still by the first')
  expect([first.clients, second.clients]).toEqual([1, 1])
  old.socket.close()
  await waitFor('the last client of the first to leave', () => first.clients === 0)
  road.sweep()
  await waitFor('the connection of the first to be closed', () => first.open === 0)
  await young.echo('and goes on')
})

test('a frame above the limit ends its client alone', async () => {
  const middle = await middleProxy()
  const road = await scene([middle])
  const stream = obfuscate({ dc: 2, framing: 'abridged', secret: SECRET })
  const socket = await RawSocket.connect({ host: road.host, port: road.port })
  await socket.send(Buffer.concat([stream.init, stream.seal(Buffer.from('7fffffff', 'hex'))]))
  await waitFor('its end', () => road.results.length > 0)
  expect(road.results).toEqual(['bad_frame'])
  const other = await Client.open(road)
  await other.echo('served')
})
