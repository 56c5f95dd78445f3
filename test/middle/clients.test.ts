import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMtcute, routeOfLink } from '../world/clients/mtcute.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import type { Framing } from '../world/data-centre/framing.ts'
import { metricSum } from '../world/metrics.ts'
import { writeCommand } from '../world/middle-proxy/command.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { tokenOf } from '../world/middle-proxy/middle-connection.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { DOMAIN, middleOf, TAG } from './scene.ts'

const MIB = 1024 * 1024
const BOB = '00112233445566778899aabbccddeeff'

describe.each([
  { name: 'IPv4', host: '127.0.0.1', crc32c: false },
  { name: 'IPv6', host: '::1', crc32c: false },
  { name: 'a proxy that would use CRC-32C', host: '127.0.0.1', crc32c: true },
])('by a middle proxy, $name', ({ host, crc32c }) => {
  let dataCentre: FakeDataCentre
  let middle: FakeMiddleProxy
  let portico: Portico

  beforeAll(async () => {
    dataCentre = await FakeDataCentre.start()
    middle = await FakeMiddleProxy.start({ host, crc32c, dataCentre })
    portico = await startPortico({
      config: {
        domain: DOMAIN,
        front: 'built-in',
        telegramKeys: 'fallback = "never"\nvia = "middle"',
        tables: middleOf(middle),
      },
    })
  })

  afterAll(async () => {
    await portico?.stop()
    await middle?.stop()
    await dataCentre?.stop()
  })

  test('mtcute makes a key, and 8 MB up and down arrive whole', async () => {
    const client = openMtcute({ route: routeOfLink(portico.link('alice')), rsaKey: dataCentre.rsaKey })
    try {
      await client.config()
      const up = await client.upload(8 * MIB, 7)
      const down = await client.download(8 * MIB, 7)
      expect(down).toEqual({ bytes: 8 * MIB, sha256: up.sha256 })
      expect(dataCentre.counters().uploads[up.file]).toMatchObject({ bytes: 8 * MIB, sha256: up.sha256 })
    } finally {
      await client.close()
    }
    expect(middle.requests.some(({ encrypted }) => !encrypted)).toBe(true)
    expect(middle.requests.every(({ adTag }) => adTag === undefined)).toBe(true)
    expect(middle.requests.every(({ client: from }) => from.startsWith('127.0.0.1:'))).toBe(true)
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_middle_handshakes_total', { result: 'ok' })).toBeGreaterThan(0)
    expect(metricSum(metrics, 'portico_telegram_connections', { via: 'middle' })).toBeGreaterThan(0)
  })

  test('TDLib reaches the data centre', async () => {
    expect(await pingProxy(portico.link('alice'))).toBeGreaterThan(0)
  })

  test.each<Framing>(['abridged', 'intermediate', 'padded'])(
    '%s: answers and quick acks',
    async (framing) => {
      const client = await openClient(portico, framing)
      const message = writeCommand({ kind: 'echo', text: framing })
      // The quick ack is asked for in the frame's own header.
      await client.send(askingFrame(framing, message))
      const ack = await client.read(4)
      const token = framing === 'abridged' ? ack.readUInt32BE() : ack.readUInt32LE()
      expect(token).toBe(tokenOf(message))
      expect((await readFrame(client, framing)).subarray(0, message.length)).toEqual(message)
      // Those that are not encrypted may be portico's own.
      const seen = middle.requests.findLast(({ encrypted }) => encrypted)
      const expected = framing === 'abridged' ? 0xc0021000 : 0xa0021000
      expect(seen).toMatchObject({ quickAck: true, encrypted: true, flags: expected })
      client.socket.close()
      await waitFor('the middle proxy to hear that the client left', () => middle.clients === 0)
    },
  )

  test('CLOSE_EXT ends the client after its last answer, and calls of nobody are answered', async () => {
    const client = await openClient(portico, 'padded')
    await client.sendFrame(writeCommand({ kind: 'echo', text: 'before' }))
    await readFrame(client, 'padded')
    middle.pingAll()
    middle.answerNobody()
    await waitFor('PONG', () => middle.records.some(({ pongs }) => pongs > 0))
    await client.sendFrame(writeCommand({ kind: 'close' }))
    await expect(client.read(1)).rejects.toThrow()
    expect(middle.records.filter(({ fault }) => fault !== undefined)).toEqual([])
  })
})

async function openClient(portico: Portico, framing: Framing, secret = ALICE): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({
    host: portico.host,
    port: portico.port,
    secret: Buffer.from(secret, 'hex'),
  })
  await client.handshake({ domain: DOMAIN })
  await client.socket.send(client.makeFirstData(Buffer.alloc(0), { framing }))
  return client
}

function askingFrame(framing: Framing, message: Buffer): Buffer {
  if (framing === 'abridged') return Buffer.concat([Buffer.from([0x80 | (message.length / 4)]), message])
  const header = Buffer.alloc(4)
  header.writeUInt32LE((message.length | 0x80000000) >>> 0)
  return Buffer.concat([header, message])
}

async function readFrame(client: ScriptedClient, framing: Framing): Promise<Buffer> {
  if (framing === 'abridged') return client.read((await client.read(1))[0]! * 4)
  return client.read((await client.read(4)).readUInt32LE())
}

describe('ad tags', () => {
  test('a tagged user goes by middle with the tag, others go direct', async () => {
    const dataCentre = await FakeDataCentre.start()
    const middle = await FakeMiddleProxy.start({ dataCentre })
    const portico = await startPortico({
      config: {
        domain: DOMAIN,
        front: 'built-in',
        users: { bob: BOB },
        dataCentre,
        tables: `${middleOf(middle)}\n[users.alice]\nsecret = "${ALICE}"\nad_tag = "${TAG}"`,
      },
    })
    try {
      for (const user of ['alice', 'bob']) {
        const client = openMtcute({ route: routeOfLink(portico.link(user)), rsaKey: dataCentre.rsaKey })
        await client.config()
        await client.close()
        if (user === 'alice') {
          expect(new Set(middle.requests.map(({ adTag }) => adTag))).toEqual(new Set([TAG]))
          middle.requests.length = 0
        }
      }
      expect(middle.requests).toEqual([])
    } finally {
      await portico.stop()
      await middle.stop()
      await dataCentre.stop()
    }
  })
})
