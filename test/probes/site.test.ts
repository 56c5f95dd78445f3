import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2, constants } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { test } from 'vitest'
import { type HttpsTarget, httpsGet, keepAliveAgent } from '../world/clients/https-get.ts'
import { contentBytes, contentHash } from '../world/data-centre/content.ts'
import { startBun } from '../world/fronts/bun.ts'
import { startCaddy } from '../world/fronts/caddy.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNginx } from '../world/fronts/nginx.ts'
import { FRONT_PAGE } from '../world/fronts/site-folder.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { DOMAIN, encryptedRecords, strangeHello } from './hellos.ts'
import { play } from './matrix.ts'

/** Visitors of the site: real TLS through portico, whole and untouched. */

const MB = 1 << 20
const IDLE = 1200
/** Encrypted records of its first flight: one for each message of the handshake. */
const NGINX_RECORDS = 4

/** With the timers that the servers have by default. */
const STARTS = { nginx: startNginx, Bun: startBun, Caddy: startCaddy } as const

interface Site {
  readonly front: Front
  readonly portico: Portico
  /** The site as its visitors reach it. */
  readonly target: HttpsTarget
}

async function behindPortico(name: keyof typeof STARTS, use: (site: Site) => Promise<void>): Promise<void> {
  const front = await STARTS[name]({ domain: DOMAIN })
  const portico = await startPortico({ config: { domain: DOMAIN, front: front.endpoint }, built: true })
  const target = { host: portico.host, port: portico.port, domain: DOMAIN, root: front.chain.root }
  try {
    await use({ front, portico, target })
  } finally {
    await portico.kill9()
    await front.stop()
  }
}

test.concurrent.for(Object.keys(STARTS) as (keyof typeof STARTS)[])(
  'a browser before %s: page, kept connection after idling, a large download, a slow one, many at once',
  (name, { expect }) =>
    behindPortico(name, async (site) => {
      const to = site.target
      expect(await httpsGet(to, '/')).toMatchObject({ status: 200, text: FRONT_PAGE })

      const agent = keepAliveAgent()
      await httpsGet({ ...to, agent }, '/')
      await sleep(IDLE)
      expect(await httpsGet({ ...to, agent }, '/')).toMatchObject({ status: 200, reused: true })
      agent.destroy()

      const size = 100 * MB
      const large = await httpsGet(to, `/bytes/${size}`)
      expect(large).toMatchObject({ status: 200, bytes: size, sha256: contentHash(0, size) })
      expect(await readSlowly(to, 10 * MB)).toBe(contentHash(0, 10 * MB))

      const pages = await Promise.all(Array.from({ length: 30 }, () => httpsGet(to, '/')))
      expect(new Set(pages.map(({ text }) => text))).toEqual(new Set([FRONT_PAGE]))

      if (name !== 'Bun')
        expect(await speakHttp2(site)).toEqual([FRONT_PAGE, FRONT_PAGE, contentHash(0, 10 * MB)])
    }),
)

test.concurrent('an upload arrives whole, its answer comes back', async ({ expect }) => {
  const nginx = await startNginx({ domain: DOMAIN })
  const { key, fullChain, root } = nginx.chain
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(fullChain) },
    (request, response) => {
      const hash = createHash('sha256')
      request.on('data', (chunk: Buffer) => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const portico = await startPortico({
    config: { domain: DOMAIN, front: { host: '127.0.0.1', port } },
    built: true,
  })
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connectTls({ host: portico.host, port: portico.port, servername: DOMAIN, ca: root })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(
      `POST / HTTP/1.1\r\nHost: ${DOMAIN}\r\nConnection: close\r\nContent-Length: ${20 * MB}\r\n\r\n`,
    )
    socket.write(contentBytes(0, 0, 20 * MB))
  })
  expect(answer).toContain(contentHash(0, 20 * MB))
  await portico.kill9()
  server.close()
  await nginx.stop()
})

test.concurrent('three hundred visitors at once, each with its answer', ({ expect }) =>
  behindPortico('nginx', async ({ portico }) => {
    const count = 300
    const observed = await Promise.all(
      Array.from({ length: count }, () => {
        const hello = strangeHello()
        return play(
          async (client) => {
            client.send(hello)
            await client.quiet(1000, 30_000)
            client.reset()
          },
          portico,
          40_000,
        )
      }),
    )
    const complete = observed.filter(({ bytes }) => encryptedRecords(bytes) === NGINX_RECORDS)
    expect(complete).toHaveLength(count)
    const metrics = await portico.metrics()
    expect(metricSum(metrics, 'portico_front_connections_total')).toBe(count)
  }))

/** The page; after a pause, on the same connection, the page again and the SHA-256 of ten megabytes beside it. */
async function speakHttp2({ portico, front }: Site): Promise<string[]> {
  const { host, port } = portico
  const options = { host, port, servername: DOMAIN, ca: front.chain.root, ALPNProtocols: ['h2'] }
  const session = connectHttp2(`https://${DOMAIN}`, { createConnection: () => connectTls(options) })
  const get = (path: string) =>
    new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      const stream = session.request({ [constants.HTTP2_HEADER_PATH]: path })
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => resolve(Buffer.concat(chunks)))
      stream.on('error', reject)
      stream.end()
    })
  session.on('error', () => {})
  const first = await get('/')
  await sleep(IDLE)
  const [second, large] = await Promise.all([get('/'), get(`/bytes/${10 * MB}`)])
  session.close()
  return [first.toString(), second.toString(), createHash('sha256').update(large).digest('hex')]
}

/** Reads a body with pauses in which nothing is taken from the socket; its SHA-256. */
async function readSlowly({ host, port, domain, root }: HttpsTarget, size: number): Promise<string> {
  const socket = connectTls({ host, port, servername: domain, ca: root, ALPNProtocols: ['http/1.1'] })
  socket.write(`GET /bytes/${size} HTTP/1.1\r\nHost: ${domain}\r\nConnection: close\r\n\r\n`)
  const chunks: Buffer[] = []
  let pauses = 0
  let length = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > (pauses + 1) * MB && pauses < 5) {
      pauses++
      await sleep(200)
    }
  }
  const answer = Buffer.concat(chunks)
  return createHash('sha256')
    .update(answer.subarray(answer.indexOf('\r\n\r\n') + 4))
    .digest('hex')
}
