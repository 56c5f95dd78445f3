import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectH2 } from 'node:http2'
import { type RequestOptions, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Endpoint } from '../../net/endpoint.ts'
import { type SiteThread, startSiteThread } from './site-thread.ts'
import { type BuiltInSite, startBuiltInSite } from './start.ts'

let folder: string
const sites: BuiltInSite[] = []
const lines: string[] = []
const log = {
  info: (event: string) => void lines.push(event),
  warn: (event: string) => void lines.push(event),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'built-in-'))
  lines.length = 0
})
afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.close()))
  rmSync(folder, { recursive: true })
})

async function start(stateDir: string, root?: string): Promise<BuiltInSite> {
  const options = { domain: 'www.example.org', stateDir: join(folder, stateDir), ...(root && { root }) }
  const site = await startBuiltInSite(options, { log })
  sites.push(site)
  return site
}

const portOf = (endpoint: Endpoint) => (endpoint.kind === 'tcp' ? endpoint.port : 0)

async function get(site: BuiltInSite, path: string, options: RequestOptions = {}) {
  const sent = request({
    host: '127.0.0.1',
    port: portOf(site.endpoint),
    path,
    rejectUnauthorized: false,
    agent: false,
    ...options,
  }).end()
  const [response] = await once(sent, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode as number,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  }
}

async function handshake(site: BuiltInSite, options: object = {}) {
  const socket = connectTls({
    host: '127.0.0.1',
    port: portOf(site.endpoint),
    rejectUnauthorized: false,
    ...options,
  })
  await once(socket, 'secureConnect')
  const seen = {
    fingerprint: socket.getPeerX509Certificate()!.fingerprint256,
    protocol: socket.getProtocol(),
    alpn: socket.alpnProtocol,
  }
  socket.destroy()
  return seen
}

test('a neutral page, the same after a restart, another in another installation', async () => {
  const [one, two] = await Promise.all([start('one'), start('two')])
  const page = await get(one, '/')
  expect(page.status).toBe(200)
  expect(page.body).toContain('</html>')
  expect((await get(two, '/')).body).not.toBe(page.body)
  const certificate = (await handshake(one)).fingerprint
  expect((await handshake(two)).fingerprint).not.toBe(certificate)

  await one.close()
  const again = await start('one')
  const { date: _, ...headers } = (await get(again, '/')).headers
  expect(page.headers).toMatchObject(headers)
  expect((await get(again, '/')).body).toBe(page.body)
  expect((await handshake(again)).fingerprint).toBe(certificate)
  expect(lines.filter((line) => line === 'front certificate made')).toHaveLength(2)
})

test('what it keeps is for the owner only', async () => {
  await start('state')
  const kept = join(folder, 'state', 'site', 'www.example.org')
  expect(readdirSync(kept).toSorted()).toEqual(['certificate.pem', 'seed'])
  for (const name of readdirSync(kept)) expect(statSync(join(kept, name)).mode & 0o777).toBe(0o600)
  expect(statSync(kept).mode & 0o777).toBe(0o700)
})

test('TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1', async () => {
  const site = await start('state')
  const both = { ALPNProtocols: ['h2', 'http/1.1'] }
  expect(await handshake(site, both)).toMatchObject({ protocol: 'TLSv1.3', alpn: 'h2' })
  expect(await handshake(site, { maxVersion: 'TLSv1.2' })).toMatchObject({ protocol: 'TLSv1.2' })
  expect(await handshake(site, { ALPNProtocols: ['http/1.1'] })).toMatchObject({ alpn: 'http/1.1' })

  const session = connectH2(`https://127.0.0.1:${portOf(site.endpoint)}`, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/' })
  const [headers] = await once(stream, 'response')
  expect(headers[':status']).toBe(200)
  session.destroy()
})

test('no answer holds a word of ours', async () => {
  const site = await start('state')
  const asked: [string, RequestOptions][] = [
    ['/', {}],
    ['/none', {}],
    ['/robots.txt', {}],
    ['/', { method: 'POST' }],
    ['/', { method: 'OPTIONS' }],
    ['/', { method: 'HEAD' }],
    ['/', { headers: { 'X-Big': 'x'.repeat(50_000) } }],
  ]
  for (const [path, options] of asked) {
    const answer = await get(site, path, options)
    expect(JSON.stringify(answer)).not.toMatch(/portico|node|mtproto|telegram/i)
    expect(answer.headers).not.toHaveProperty('server')
  }
  expect((await get(site, '/none')).status).toBe(404)
  expect((await get(site, '/', { method: 'POST' })).status).toBe(405)
  expect(await get(site, '/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
})

test('a folder: types, conditions, ranges, nothing outside', async () => {
  const root = join(folder, 'www')
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(folder, 'secret'), 'secret')
  writeFileSync(join(root, 'index.html'), '<p>mine</p>')
  writeFileSync(join(root, 'a.svg'), '0123456789')
  writeFileSync(join(root, 'empty.txt'), '')
  const site = await start('state', root)

  expect(await get(site, '/')).toMatchObject({ status: 200, body: '<p>mine</p>' })
  const svg = await get(site, '/a.svg')
  expect(svg).toMatchObject({ status: 200, body: '0123456789' })
  expect(svg.headers).toMatchObject({ 'content-type': 'image/svg+xml', 'content-length': '10' })
  const ask = (headers: Record<string, string>) => get(site, '/a.svg', { headers })
  const tag = svg.headers.etag as string
  const date = svg.headers['last-modified'] as string
  expect(await ask({ 'If-None-Match': tag })).toMatchObject({ status: 304, body: '' })
  expect(await ask({ 'If-None-Match': '"other"', 'If-Modified-Since': date })).toMatchObject({ status: 200 })
  expect(await ask({ 'If-Modified-Since': date })).toMatchObject({ status: 304 })
  expect(await ask({ 'If-Modified-Since': 'nonsense' })).toMatchObject({ status: 200 })
  const part = await ask({ Range: 'bytes=2-4' })
  expect(part).toMatchObject({ status: 206, body: '234' })
  expect(part.headers['content-range']).toBe('bytes 2-4/10')
  expect(await ask({ Range: 'bytes=2-4', 'If-Range': '"other"' })).toMatchObject({ status: 200 })
  expect(await ask({ Range: 'bytes=2-4', 'If-Range': date })).toMatchObject({ status: 206 })
  expect(await ask({ Range: 'bytes=10-' })).toMatchObject({ status: 416 })
  expect(await get(site, '/empty.txt')).toMatchObject({ status: 200, body: '' })
  const moved = await get(site, '/sub?x')
  expect([moved.status, moved.headers.location]).toEqual([301, '/sub/'])
  for (const path of ['/sub/', '/../secret', '/%2e%2e/secret', '/..%2fsecret', '//../secret', '/a.svg/']) {
    expect({ path, status: (await get(site, path)).status }).toEqual({ path, status: 404 })
  }
})

test('a large file arrives whole', async () => {
  const root = join(folder, 'www')
  mkdirSync(root)
  writeFileSync(join(root, 'big.bin'), Buffer.alloc(5_000_000, 'x'))
  const site = await start('state', root)
  expect((await get(site, '/big.bin')).body.length).toBe(5_000_000)
})

test('a state folder that cannot be is an error with a code', async () => {
  writeFileSync(join(folder, 'file'), '')
  await expect(start('file')).rejects.toMatchObject({ code: 'built_in_site_failed' })
})

test('a thread that dies is replaced on the same port, also when the port is taken for a while', async () => {
  const threads: SiteThread[] = []
  const site = await startBuiltInSite(
    { domain: 'www.example.org', stateDir: join(folder, 'state') },
    {
      log,
      startThread: (...args) => {
        threads.push(startSiteThread(...args))
        return threads.at(-1)!
      },
    },
  )
  sites.push(site)
  await threads[0]!.stop()
  const intruder = createServer().listen(portOf(site.endpoint), '127.0.0.1')
  await once(intruder, 'listening')
  await expect.poll(() => threads.length, { timeout: 5000 }).toBeGreaterThan(1)
  await expect(threads[1]!.listening).rejects.toMatchObject({ code: 'built_in_site_failed' })
  expect(await threads[1]!.ended).toContain('EADDRINUSE')
  intruder.close()
  await expect.poll(() => lines, { timeout: 10_000 }).toContain('built-in site is back')
  expect((await get(site, '/')).status).toBe(200)

  await site.close()
  const started = threads.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(threads.length).toBe(started)
})
