import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { httpsGet } from '../world/clients/https-get.ts'
import { ScriptedClient } from '../world/clients/scripted.ts'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'

const DOMAIN = 'www.example.org'
/** All of 127.0.0.0/8 is this host's. */
const [ONE, OTHER] = ['127.0.0.21', '127.0.0.22']

let dataCentre: DataCentreProcess
let front: Front
let dir: string
const running: Portico[] = []
const open: ScriptedClient[] = []

beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  front = await startNodeHttps({ domain: DOMAIN })
})

afterEach(async () => {
  for (const client of open.splice(0)) client.socket.close()
  await Promise.all(running.splice(0).map((portico) => portico.stop()))
})

afterAll(async () => {
  await front?.stop()
  await dataCentre?.stop()
})

async function start(lists: string): Promise<Portico> {
  const tables = `[lists]\n${lists}\n[state]\ndir = "${join(dir, 'state')}"\n`
  const config = { domain: DOMAIN, front: front.endpoint, dataCentre, tables }
  const portico = await startPortico({ config })
  running.push(portico)
  return portico
}

function listFile(name: string, text: string): string {
  const file = join(dir, name)
  writeFileSync(file, text)
  return file
}

async function connect({ host, port }: Portico, localAddress: string): Promise<ScriptedClient> {
  const client = await ScriptedClient.connect({ host, port, localAddress, secret: Buffer.from(ALICE, 'hex') })
  open.push(client)
  return client
}

/** A live session, from whose data centre an echo has come back. */
async function session(portico: Portico, from: string): Promise<ScriptedClient> {
  const client = await connect(portico, from)
  await client.handshake({ domain: DOMAIN })
  await client.command({ kind: 'echo' })
  await expectEcho(client)
  return client
}

async function expectEcho(client: ScriptedClient): Promise<void> {
  await client.send(Buffer.from('are you there?'))
  expect((await client.read(14)).toString()).toBe('are you there?')
}

/** The flight of a genuine client's hello is the site's own, so the client cannot believe it. */
async function seesTheSite(portico: Portico, from: string): Promise<boolean> {
  const client = await connect(portico, from)
  const failure = await client.handshake({ domain: DOMAIN }).catch((error: unknown) => error)
  client.socket.close()
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined
  if (failure instanceof Error && code !== 'hash_mismatch') throw failure
  return code === 'hash_mismatch'
}

describe('a list in a file', () => {
  test('everybody of a blocked network sees the site, and the site only', async () => {
    dir = temporaryFolder('lists')
    const portico = await start(`block = ["${listFile('loopback.netset', '# mine\r\n127.0.0.0/8\r\n')}"]`)
    expect(await seesTheSite(portico, ONE)).toBe(true)
    expect(await seesTheSite(portico, OTHER)).toBe(true)
    const target = { host: portico.host, port: portico.port, domain: DOMAIN, root: front.chain.root }
    expect(await httpsGet(target, '/')).toMatchObject({ status: 200 })
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_ip_list_hits_total', { list: 'loopback' })).toBe(3)
    expect(metricSum(metrics, 'portico_ip_list_entries', { list: 'loopback' })).toBe(1)
    expect(metricSum(metrics, 'portico_handshakes_total', { result: 'ok' })).toBe(0)
  })

  test('an address that becomes blocked loses its sessions and nobody else does; it may come back', async () => {
    dir = temporaryFolder('lists')
    const file = listFile('mine.netset', '192.0.2.0/24\n')
    const portico = await start(`block = ["${file}"]`)
    const blocked = await Promise.all(Array.from({ length: 6 }, () => session(portico, ONE)))
    const spared = await Promise.all(Array.from({ length: 6 }, () => session(portico, OTHER)))

    writeFileSync(file, `${ONE}\n`)
    await waitFor('every session of the blocked address to end', () => blocked.every(hasEnded))
    for (const client of spared) await expectEcho(client)
    expect(await seesTheSite(portico, ONE)).toBe(true)
    await session(portico, OTHER)
    const ended = metricSum(await portico.metrics(), 'portico_sessions_total', { result: 'listed' })
    expect(ended).toBe(blocked.length)

    writeFileSync(file, '# nobody\n')
    await waitFor('the address to be let in again', async () => !(await seesTheSite(portico, ONE)))
    for (const client of spared) await expectEcho(client)
  })

  test('only: who is not on it sees the site', async () => {
    dir = temporaryFolder('lists')
    const portico = await start(`only = ["${listFile('friends.netset', `${ONE}-${ONE}\n`)}"]`)
    await session(portico, ONE)
    expect(await seesTheSite(portico, OTHER)).toBe(true)
    expect(metricSum(await portico.metrics(), 'portico_ip_list_hits_total', { list: 'only' })).toBe(1)
  })

  test('then = "close": no byte comes back', async () => {
    dir = temporaryFolder('lists')
    const portico = await start(`then = "close"\nblock = ["${listFile('mine.netset', ONE)}"]`)
    await session(portico, OTHER)
    const client = await connect(portico, ONE)
    await waitFor('the end', () => hasEnded(client))
    expect(client.socket.events.filter(({ kind }) => kind === 'data')).toEqual([])
    expect(metricSum(await portico.metrics(), 'portico_ip_list_hits_total', { list: 'mine' })).toBe(1)
  })
})

function hasEnded(client: ScriptedClient): boolean {
  return client.socket.events.some(({ kind }) => kind !== 'data')
}

describe('a list from a URL', () => {
  let server: Server
  let url: string

  beforeAll(async () => {
    server = createServer((_request, response) => response.end(`${ONE}/32 ; listed\n`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/level1.netset`
  })

  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  test('is used as soon as it is here, and from its copy when nobody answers any more', async () => {
    dir = temporaryFolder('lists')
    const first = await start(`block = ["${url}"]`)
    await waitFor('the list', () => first.log.some(({ list, from }) => list === 'level1' && from === 'url'))
    await waitFor('it to be in force', () => seesTheSite(first, ONE))
    await session(first, OTHER)
    await first.kill9()

    server.close()
    server.closeAllConnections()
    const second = await start(`block = ["${url}"]`)
    expect(await seesTheSite(second, ONE)).toBe(true)
    await session(second, OTHER)
    const metrics = await second.metrics()
    expect(metricSum(metrics, 'portico_ip_list_entries', { list: 'level1' })).toBe(1)
    expect(metricSum(metrics, 'portico_ip_list_age_seconds', { list: 'level1' })).toBeLessThan(600)
    expect(second.log.filter(({ level }) => level === 'error')).toEqual([])
  })
})
