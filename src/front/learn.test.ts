import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Endpoint } from '../net/endpoint.ts'
import { type Exchange, exchange } from '../net/exchange.ts'
import { peerKeepAlive } from '../net/peer-keep-alive.ts'
import { type Identity, keptIdentity } from './built-in/certificate.ts'
import { type LearnDependencies, learnSite } from './learn.ts'

const domain = 'www.example.org'
const dependencies = { exchange, random: (n: number) => randomBytes(n) }
const opened: { close(): unknown }[] = []
let folder: string
let identity: Identity

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'learn-'))
  const made = await keptIdentity(join(folder, 'both.pem'), domain, { ...dependencies, now: Date.now })
  identity = made.identity
  writeFileSync(join(folder, 'key.pem'), identity.key)
  writeFileSync(join(folder, 'cert.pem'), identity.cert)
})
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function listening(server: Server): Promise<Endpoint> {
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { kind: 'tcp', host: '127.0.0.1', port: typeof address === 'object' ? address!.port : 0 }
}

const https = (options: ServerOptions = {}) => listening(createHttpsServer({ ...identity, ...options }))
const raw = (serve: (socket: Socket) => void) =>
  listening(createServer((socket) => serve(socket.on('error', () => {}))))
const learn = (endpoint: Endpoint, more: Partial<LearnDependencies> = {}) =>
  learnSite({ domain, endpoint }, { ...dependencies, ...more })

/** A server program that prints a line with its port when it listens. */
async function program(command: string, args: string[], portIn: RegExp): Promise<Endpoint> {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  opened.push({ close: () => child.kill('SIGKILL') })
  let printed = ''
  for await (const chunk of child.stdout!) {
    printed += chunk
    const port = portIn.exec(printed)?.[1]
    if (port !== undefined) return { kind: 'tcp', host: '127.0.0.1', port: Number(port) }
  }
  throw new Error(`${command} ended: ${printed}`)
}

test('Node (OpenSSL 3.5): four records, ML-KEM for those who offer it', async () => {
  const facts = await learn(await https())
  expect(facts).toMatchObject({
    reachable: true,
    selfTarget: false,
    tls13: true,
    mlkem: true,
    records: { tdlib: 4, darwin: 4, legacy: 4 },
    varying: [],
    unmirrorable: {},
  })
  const { tdlib = 0, legacy = 0 } = facts.flightBytes
  expect(tdlib - legacy).toBeGreaterThan(1000)
  // ServerHello record 5 + 1210, ChangeCipherSpec 6, header 5: the rest is what a merged record carries
  expect(facts.encryptedBytes.tdlib).toBe(tdlib - 1215 - 6 - 5)
})

test('a front without the post-quantum group', async () => {
  expect(await learn(await https({ ecdhCurve: 'X25519' }))).toMatchObject({ tls13: true, mlkem: false })
})

test('Bun (BoringSSL): one record', async () => {
  const script = join(folder, 'bun.ts')
  const tls = `tls: { key: Bun.file('${folder}/key.pem'), cert: Bun.file('${folder}/cert.pem') }`
  writeFileSync(
    script,
    `const s = Bun.serve({ port: 0, hostname: '127.0.0.1', ${tls}, fetch: () => new Response('hi') })\nconsole.log('port=' + s.port)`,
  )
  const found = globSync(
    fileURLToPath(new URL('../../node_modules/@oven/bun-linux-*/bin/bun', import.meta.url)),
  )
  const bun = found.find((path) => spawnSync(path, ['--version']).status === 0)
  const facts = await learn(await program(bun!, [script], /port=(\d+)/))
  expect(facts).toMatchObject({ tls13: true, mlkem: true, records: { tdlib: 1, darwin: 1, legacy: 1 } })
})

const openssl = spawnSync('openssl', ['version']).status === 0
test.each(openssl ? ['openssl'] : [])('%s s_server', async (command) => {
  const args = [
    's_server',
    '-accept',
    '127.0.0.1:0',
    '-key',
    `${folder}/key.pem`,
    '-cert',
    `${folder}/cert.pem`,
  ]
  const facts = await learn(await program(command, args, /ACCEPT 127\.0\.0\.1:(\d+)/))
  expect(facts).toMatchObject({ tls13: true, records: { tdlib: 4, darwin: 4, legacy: 4 } })
})

test('TCP keep-alive: of a front that has it, and only where it can be seen', async () => {
  const kept = await https({ keepAlive: true, keepAliveInitialDelay: 33_000 })
  expect((await learn(kept, { keepAlive: peerKeepAlive })).keepAlive).toBe(33)
  expect(await learn(kept, { keepAlive: () => undefined })).not.toHaveProperty('keepAlive')
  expect(await learn(await https(), { keepAlive: peerKeepAlive })).not.toHaveProperty('keepAlive')
})

test('TLS 1.2 only', async () => {
  const facts = await learn(await https({ maxVersion: 'TLSv1.2' }))
  expect(facts).toMatchObject({ reachable: true, tls13: false, mlkem: false, records: {} })
  expect(facts.unmirrorable).toEqual({ tdlib: 'tls12', darwin: 'tls12', legacy: 'tls12' })
})

test('a HelloRetryRequest is TLS 1.3 that cannot be mirrored', async () => {
  const facts = await learn(await https({ ecdhCurve: 'P-384' }))
  expect(facts).toMatchObject({ reachable: true, tls13: true, records: {} })
  expect(Object.values(facts.unmirrorable)).toContain('hello_retry_request')
})

test('nobody there', async () => {
  const endpoint = await https()
  await new Promise<void>((resolve) => (opened.pop() as Server).close(() => resolve()))
  const facts = await learn(endpoint)
  expect(facts).toMatchObject({ reachable: false, tls13: false, records: {}, unmirrorable: {} })
})

test('garbage, plain HTTP, a bare close: reachable, and none of it mirrored', async () => {
  const garbage = await raw((socket) => void socket.write(Buffer.alloc(5000, 0x41)))
  const http = await raw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const closing = await raw((socket) => socket.resume().end())
  const ways = [
    [garbage, 'not_tls'],
    [http, 'not_tls'],
    [closing, 'front_ended'],
  ] as const
  for (const [endpoint, reason] of ways) {
    const facts = await learn(endpoint)
    expect(facts).toMatchObject({ reachable: true, tls13: false, records: {} })
    expect(new Set(Object.values(facts.unmirrorable))).toEqual(new Set([reason]))
  }
})

/** A front made of flights of another one, of which some are said to have come otherwise. */
async function learnFrom(distort: (answer: Exchange, attempt: number) => Exchange) {
  const endpoint = await https()
  const attempts = new Map<number, number>()
  return learnSite(
    { domain, endpoint },
    {
      ...dependencies,
      exchange: async (to, bytes, options) => {
        const attempt = attempts.get(bytes.length) ?? 0
        attempts.set(bytes.length, attempt + 1)
        return distort(await exchange(to, bytes, options), attempt)
      },
    },
  )
}

test('samples that differ: the most frequent counts, and it is noted', async () => {
  const facts = await learnFrom((answer, attempt) => {
    if (answer.received.length > 1200 || attempt !== 0) return answer
    const extra = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 20]), Buffer.alloc(20)])
    return { ...answer, received: Buffer.concat([answer.received, extra]) }
  })
  expect(facts.records).toEqual({ tdlib: 4, darwin: 4, legacy: 4 })
  expect(facts.varying).toEqual(['legacy'])
})

test('a flight that stopped inside a record is asked for again', async () => {
  let cut = 0
  const facts = await learnFrom((answer) =>
    cut++ < 3 ? { ...answer, received: answer.received.subarray(0, -1) } : answer,
  )
  expect(facts.records).toEqual({ tdlib: 4, darwin: 4, legacy: 4 })
  expect(facts.unmirrorable).toEqual({})
})
