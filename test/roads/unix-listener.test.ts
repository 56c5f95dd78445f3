import { chmodSync, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../world/free-port.ts'
import { NODE, ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'
import { startProcess } from '../world/process.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { waitFor } from '../world/wait-for.ts'

const DOMAIN = 'www.example.org'
let portico: Portico | undefined

afterEach(async () => {
  await portico?.kill9()
})

async function start(path: string, env: Record<string, string> = {}): Promise<void> {
  portico = await startPortico({
    env,
    config: (port) => `
      [[listener]]
      address = "127.0.0.1:${port}"
      [[listener]]
      address = "unix:${path}"
      permissions = "0600"
      [front]
      domain = "${DOMAIN}"
      address = "built-in"
      [users.alice]
      secret = "${ALICE}"
    `,
  })
}

function visit(path: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ path, servername: DOMAIN, rejectUnauthorized: false }, () => resolve(socket))
    socket.on('error', reject)
  })
}

test('serves on a unix socket with its permissions, over a stale file', async () => {
  const path = join(temporaryFolder('unix'), 'proxy.sock')
  // A process that was killed leaves its socket file.
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const dead = await startProcess(NODE, ['-e', script])
  await waitFor('the socket file', () => existsSync(path))
  await dead.stop('SIGKILL')
  expect(existsSync(path)).toBe(true)
  chmodSync(path, 0o777)

  await start(path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const visitor = await visit(path)
  expect(visitor.getProtocol()).toBe('TLSv1.3')
  visitor.destroy()
})

test('a socket that somebody listens on is not taken away', async () => {
  const path = join(temporaryFolder('unix'), 'proxy.sock')
  const owner = createServer((socket) => {
    // Who only asks whether somebody listens does not wait for the answer.
    socket.on('error', () => {})
    socket.end('mine')
  })
  await new Promise<void>((resolve) => owner.listen(path, resolve))
  await expect(start(path)).rejects.toThrow(/ended with 69/)
  expect(existsSync(path)).toBe(true)
  owner.close()
})

test('is opened again, with its permissions, when the worker that held it dies', async () => {
  const path = join(temporaryFolder('unix'), 'proxy.sock')
  const preloaded = pathToFileURL(join(ROOT, 'test/world/dying-worker.ts')).href
  await start(path, { NODE_OPTIONS: `--import=${preloaded}` })
  const before = await visit(path)
  const lost = new Promise((resolve) => before.once('close', resolve))

  portico?.signal('SIGUSR2')
  await waitFor('the worker to die', () => portico?.log.some(({ event }) => event.startsWith('worker died')))
  // The visitor's end shows that the socket was that worker's.
  await lost
  const after = await waitFor('the listener', () => visit(path).catch(() => undefined))
  expect(after.getProtocol()).toBe('TLSv1.3')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  after.destroy()
})

test('an IPv6 wildcard beside an IPv4 one on the same port', async () => {
  const both = await freePort()
  portico = await startPortico({
    config: (port) => `
      [[listener]]
      address = "127.0.0.1:${port}"
      [[listener]]
      address = "0.0.0.0:${both}"
      [[listener]]
      address = "[::]:${both}"
      [front]
      domain = "${DOMAIN}"
      address = "built-in"
      [users.alice]
      secret = "${ALICE}"
    `,
  })
  for (const host of ['127.0.0.1', '::1']) {
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const one = connectTls({ host, port: both, servername: DOMAIN, rejectUnauthorized: false }, () =>
        resolve(one),
      )
      one.on('error', reject)
    })
    expect(socket.getProtocol()).toBe('TLSv1.3')
    socket.destroy()
  }
})
