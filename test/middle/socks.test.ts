// needs: microsocks danted

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ListeningProcess } from '../roads/listening-process.ts'
import { startDante, startMicrosocks } from '../roads/proxies.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { writeCommand } from '../world/middle-proxy/command.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { DOMAIN, middleOf, TAG } from './scene.ts'

const BOB = '00112233445566778899aabbccddeeff'
const CAROL = 'ffeeddccbbaa99887766554433221100'

let middle: FakeMiddleProxy
let portico: Portico
const proxies: ListeningProcess[] = []

beforeAll(async () => {
  middle = await FakeMiddleProxy.start()
  const dante = await startDante()
  const microsocks = await startMicrosocks()
  proxies.push(dante, microsocks)
  const user = (name: string, secret: string, upstream: string) =>
    `[users.${name}]\nsecret = "${secret}"\nad_tag = "${TAG}"\nupstream = "${upstream}"\n`
  const upstream = (name: string, url: string) => `[[upstream]]\nname = "${name}"\nurl = "${url}"\n`
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      telegramKeys: 'fallback = "never"',
      users: {},
      tables: [
        middleOf(middle),
        upstream('five', `socks5://127.0.0.1:${dante.port}`),
        upstream('four', `socks4://127.0.0.1:${dante.port}`),
        upstream('mute', `socks5://127.0.0.1:${microsocks.port}`),
        user('alice', ALICE, 'five'),
        user('bob', BOB, 'four'),
        user('carol', CAROL, 'mute'),
      ].join('\n'),
    },
    workers: 1,
  })
})

afterAll(async () => {
  await portico?.stop()
  await middle?.stop()
  await Promise.all(proxies.map((proxy) => proxy.stop()))
})

async function open(secret: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({ ...portico, secret: Buffer.from(secret, 'hex') })
  await client.handshake({ domain: DOMAIN })
  await client.socket.send(client.makeFirstData(Buffer.alloc(0), { framing: 'intermediate' }))
  await client.sendFrame(writeCommand({ kind: 'echo', text: 'by SOCKS' }))
  return client
}

test.each([
  ['SOCKS5', ALICE],
  ['SOCKS4', BOB],
])('keys are made of the end that a %s server says it has', async (_kind, secret) => {
  const client = await open(secret)
  const length = (await client.read(4)).readUInt32LE()
  expect((await client.read(length)).toString()).toContain('by SOCKS')
  client.socket.close()
})

test('a server that does not say its end leads to no middle proxy, and the log says why', async () => {
  const client = await open(CAROL)
  const reason = () => portico.log.find(({ code }) => code === 'own_address_unknown')
  await waitFor('the reason', () => reason() !== undefined)
  expect(reason()?.hint).toContain('SOCKS')
  client.socket.close()
})
