// needs: microsocks danted tinyproxy ss-server

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { contentBytes, contentHash } from '../world/data-centre/content.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startDante, startMicrosocks, startShadowsocks, startTinyproxy } from './proxies.ts'

const DOMAIN = 'www.example.org'
const MIB = 1024 * 1024
const login = { user: 'me', password: 'p@ss:word' }
const LOGIN = 'me:p%40ss%3Aword'

let four: DataCentreProcess
let six: DataCentreProcess
let portico: Portico
let stalling: Server
const proxies: ListeningProcess[] = []
const secrets = new Map<string, Buffer>()

/** Every upstream by its name; every user has the name of the one or more that it goes by. */
const upstreams = new Map<string, string>()
const users: Record<string, string[]> = {}

function goBy(name: string, url: string): void {
  upstreams.set(name, url)
  users[name] = [name]
}

beforeAll(async () => {
  four = await startDataCentreProcess()
  six = await startDataCentreProcess({ host: '::1' })
  stalling = createServer(() => {})
  const stallingPort = await freePort()
  await new Promise<void>((resolve) => stalling.listen(stallingPort, '127.0.0.1', resolve))
  const run = async (starting: Promise<ListeningProcess>) => {
    const running = await starting
    proxies.push(running)
    return `127.0.0.1:${running.port}`
  }
  const socks = await run(startMicrosocks())
  const socksLogin = await run(startMicrosocks(login))
  const dante = await run(startDante())
  goBy('socks5', `socks5://${socks}`)
  goBy('socks5-login', `socks5://${LOGIN}@${socksLogin}`)
  goBy('socks5-dante', `socks5://${dante}`)
  goBy('socks4', `socks4://${dante}`)
  goBy('connect', `http://${await run(startTinyproxy())}`)
  goBy('connect-login', `http://me:word@${await run(startTinyproxy({ user: 'me', password: 'word' }))}`)
  for (const method of ['aes-128-gcm', 'aes-256-gcm', 'chacha20-ietf-poly1305']) {
    goBy(
      method,
      `ss://${method}:${LOGIN.split(':')[1]}@${await run(startShadowsocks(method, login.password))}`,
    )
  }
  goBy('bound', 'direct:')
  goBy('stranger', `socks5://${socksLogin}`)
  goBy('nobody-there', `socks5://127.0.0.1:${await freePort()}`)
  goBy('stalls', `socks5://127.0.0.1:${stallingPort}`)
  users['fails-over-refused'] = ['nobody-there', 'socks5']
  users['fails-over-stalled'] = ['stalls', 'socks5']
  users['fails-over-login'] = ['stranger', 'socks5']
  users.usual = []
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      dataCentres: { 2: [four], 3: [six], 4: [six, four] },
      users: {},
      telegramKeys: 'dial_timeout = "4s"',
      tables: [
        ...[...upstreams].map(([name, url]) => upstreamTable(name, url)),
        ...Object.entries(users).map(([name, ways]) => userTable(name, ways)),
      ].join('\n'),
    },
  })
})

function upstreamTable(name: string, url: string): string {
  const more = name === 'bound' ? 'bind = "127.0.0.9"' : ''
  const purpose = name === 'nobody-there' ? 'for = ["telegram"]' : 'for = []'
  return `[[upstream]]\nname = "${name}"\nurl = "${url}"\n${more}\n${purpose}`
}

function userTable(name: string, ways: string[]): string {
  const secret = randomBytes(16)
  secrets.set(name, secret)
  const upstream = ways.length > 0 ? `upstream = ${JSON.stringify(ways)}` : ''
  return `[users.${name}]\nsecret = "${secret.toString('hex')}"\n${upstream}`
}

afterAll(async () => {
  await portico?.kill9()
  stalling?.close()
  for (const proxy of proxies) await proxy.stop('SIGKILL')
  await four?.stop()
  await six?.stop()
})

async function client(user: string): Promise<ScriptedClient> {
  const { host, port } = portico
  const connected = await ScriptedClient.connect({ host, port, secret: secrets.get(user)! })
  await connected.handshake({ domain: DOMAIN })
  return connected
}

async function expectEcho(user: string, dc: number): Promise<void> {
  const session = await client(user)
  await session.command({ kind: 'echo' }, { dc })
  await session.send(Buffer.from('to and fro, twenty bytes'))
  expect((await session.read(24)).toString()).toBe('to and fro, twenty bytes')
  session.socket.close()
}

const dials = async (upstream: string, result: string) =>
  metricSum(await portico.metrics(), 'portico_upstream_dials_total', { upstream, result })

const VIA: Record<string, string> = { socks4: 'socks4', connect: 'http', bound: 'direct' }
const working = [
  'socks5',
  'socks5-login',
  'socks5-dante',
  'socks4',
  'connect',
  'connect-login',
  'aes-128-gcm',
  'aes-256-gcm',
  'chacha20-ietf-poly1305',
  'bound',
]

describe.each(working)('by %s', (name) => {
  test('a session, counted with its way', async () => {
    await expectEcho(name, 2)
    expect(await dials(name, 'ok')).toBeGreaterThan(0)
    const via = VIA[name.replace('-login', '')] ?? (name.startsWith('socks5') ? 'socks5' : 'shadowsocks')
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_telegram_dials_total', { via, result: 'ok' })).toBeGreaterThan(0)
  })

  test('16 MiB down arrive unchanged', async () => {
    const session = await client(name)
    await session.command({ kind: 'firehose', bytes: 16 * MIB, seed: 7, then: 'keep' })
    expect(await session.readHash(16 * MIB)).toBe(contentHash(7, 16 * MIB))
    session.socket.close()
  })

  test('4 MiB up come back unchanged', async () => {
    const session = await client(name)
    await session.command({ kind: 'echo' })
    const content = contentBytes(9, 0, 4 * MIB)
    const [, back] = await Promise.all([session.send(content), session.readHash(content.length)])
    expect(back).toBe(createHash('sha256').update(content).digest('hex'))
    session.socket.close()
  })
})

test.each(['socks5', 'connect', 'aes-256-gcm'])('to an IPv6 data centre by %s', async (name) => {
  await expectEcho(name, 3)
})

test('SOCKS4 and a bound IPv4 address take the IPv4 address of a data centre that has both', async () => {
  await expectEcho('socks4', 4)
  await expectEcho('bound', 4)
})

test.each(['refused', 'stalled', 'login'])('fails over within one dial: %s', async (how) => {
  for (let time = 0; time < 4; time++) await expectEcho(`fails-over-${how}`, 2)
})

test.each([
  ['nobody-there', 'refused'],
  ['stranger', 'auth'],
  ['stalls', 'timeout'],
  ['usual', 'refused'],
])('%s has no road: the dial fails (%s) and nothing goes straight', async (user, result) => {
  const before = (await four.counters()).connections
  const session = await client(user)
  await session.command({ kind: 'echo' })
  const { ending } = await session.socket.readToEnd(8000)
  expect(ending).toBeDefined()
  expect((await four.counters()).connections).toBe(before)
  expect(await dials(user === 'usual' ? 'nobody-there' : user, result)).toBeGreaterThan(0)
})
