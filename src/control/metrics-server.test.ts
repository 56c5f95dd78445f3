import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { CidrError } from '../net/cidr.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { allocateCounters, Counters } from '../telemetry/counters.ts'
import { openExposition } from '../telemetry/prometheus.ts'
import { BindError } from './bind.ts'
import { MAX_HEADER, type MetricsDependencies, type MetricsOptions, serveMetrics } from './metrics-server.ts'

const LOOPBACK: Endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 }
const closers: (() => Promise<void>)[] = []
const logged: { event: string; fields: object | undefined }[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  logged.length = 0
})

function logs() {
  const note = (event: string, fields?: object) => logged.push({ event, fields })
  return { debug: note, info: note, warn: note, error: note }
}

async function serve(options: Partial<MetricsOptions> = {}, dependencies: Partial<MetricsDependencies> = {}) {
  const server = await serveMetrics(
    { listen: LOOPBACK, path: '/metrics', allow: ['127.0.0.0/8', '::1'], ...options },
    {
      exposition: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
      ready: () => true,
      troubles: () => [],
      log: logs(),
      ...dependencies,
    },
  )
  closers.push(server.close)
  const port = server.endpoint.kind === 'tcp' ? server.endpoint.port : 0
  return { server, port, url: `http://127.0.0.1:${port}` }
}

async function bindError(listen: Endpoint): Promise<unknown> {
  return serve({ listen }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function unixStatus(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('answers', () => {
  test('the exposition, from shared memory to the wire', async () => {
    const shared = allocateCounters(2)
    new Counters(shared, 1).handshakes.add(7, 'ok')
    const { url } = await serve({}, { exposition: openExposition(shared, { version: '1', node: '26' }) })
    const response = await fetch(`${url}/metrics?name=x`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toContain('portico_handshakes_total{result="ok"} 7\n')
  })

  test('HEAD has the headers of GET and no body', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('5')
    expect(await response.text()).toBe('')
  })

  test('ready follows the server, live is always so', async () => {
    let ready = false
    const { url } = await serve({}, { ready: () => ready })
    expect((await fetch(`${url}/health/ready`)).status).toBe(503)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    ready = true
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
  })

  test('a trouble is told, and is no reason to be taken out of service', async () => {
    const { url } = await serve({}, { troubles: () => ['usage is kept in memory only: full'] })
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await fetch(url + path)
      expect([answer.status, await answer.text()]).toEqual([
        200,
        'ok\nerror: usage is kept in memory only: full\n',
      ])
    }
  })

  test.each([
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['GET', '//metrics', 404],
    ['POST', '/nowhere', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/health/live', 405],
  ])('%s %s is %i', async (method, path, status) => {
    const { url } = await serve()
    const response = await fetch(`${url}${path}`, { method })
    expect(response.status).toBe(status)
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null)
  })

  test('another path, and never that of a health check', async () => {
    const { url } = await serve({ path: '/numbers' })
    expect((await fetch(`${url}/numbers`)).status).toBe(200)
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    const clash = await serve({ path: '/health/ready' }, { ready: () => false })
    expect((await fetch(`${clash.url}/health/ready`)).status).toBe(503)
  })

  test('who is not allowed gets 403, whatever the path', async () => {
    const { url } = await serve({ allow: ['192.0.2.0/24'] })
    for (const path of ['/metrics', '/health/live', '/']) expect((await fetch(url + path)).status).toBe(403)
  })

  test('IPv4 that arrives at an IPv6 socket is recognised', async () => {
    const { port } = await serve({ listen: { kind: 'tcp', host: '', port: 0 }, allow: ['127.0.0.0/8'] })
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200)
  })

  test('a scrape that fails is a 500 and a line in the log', async () => {
    let broken = true
    const exposition = async () => {
      if (broken) throw new Error('no numbers')
      return { contentType: 'text/plain', body: 'ok\n' }
    }
    const { url } = await serve({}, { exposition })
    expect((await fetch(`${url}/metrics`)).status).toBe(500)
    expect(logged.map(({ event }) => event)).toEqual(['a scrape failed'])
    broken = false
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })

  test('scrapes at the same time are one reading', async () => {
    let readings = 0
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const exposition = async () => {
      readings++
      await held
      return { contentType: 'text/plain', body: `${readings}\n` }
    }
    const { url, port } = await serve({}, { exposition })
    // Pipelined in one segment, they are all asked before the first can be answered.
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3))
    await vi.waitFor(() => expect(readings).toBeGreaterThan(0))
    finish()
    await vi.waitFor(() => expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3))
    socket.destroy()
    expect(readings).toBe(1)
    await fetch(`${url}/metrics`)
    expect(readings).toBe(2)
  })

  test('headers beyond the limit are refused', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`, { headers: { x: 'y'.repeat(MAX_HEADER) } })
    expect(response.status).toBe(431)
  })

  test('bytes that are no HTTP are answered 400 and do no harm', async () => {
    const { port, url } = await serve()
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () => socket.write('\x16\x03\x01 no http\r\n\r\n'))
      socket.on('data', (bytes) => {
        text += String(bytes)
      })
      socket.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })
})

describe('listening', () => {
  test('an address that is taken', async () => {
    const { port } = await serve()
    const error = await bindError({ kind: 'tcp', host: '127.0.0.1', port })
    expect(error).toBeInstanceOf(BindError)
    expect(error).toMatchObject({ code: 'address_in_use', endpoint: `127.0.0.1:${port}` })
  })

  test('an address that this host does not have', async () => {
    expect(await bindError({ kind: 'tcp', host: '192.0.2.1', port: 0 })).toMatchObject({
      code: 'no_such_address',
    })
  })

  test('a bad network in `allow` is named before anything listens', async () => {
    await expect(serve({ allow: ['10.0.0.0/8', 'lan'] })).rejects.toThrow(CidrError)
  })

  test('close ends at once, idle connections included', async () => {
    const { server, port, url } = await serve()
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    const socket = connect(port, '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('connect', () => socket.once('close', resolve)))
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.on('error', () => {})
    socket.resume()
    await fetch(`${url}/health/live`)
    await server.close()
    await ended
    await expect(fetch(`${url}/metrics`)).rejects.toThrow()
  })
})

describe('unix socket', () => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-metrics-'))
  const path = join(dir, 'metrics.sock')
  const listen: Endpoint = { kind: 'unix', path }
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test('needs no allowance, is for owner and group, and goes away', async () => {
    const { server } = await serve({ listen, allow: [] })
    expect(server.endpoint).toEqual(listen)
    expect(await unixStatus(path, '/metrics')).toBe(200)
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  test('one that is served is not taken over', async () => {
    await serve({ listen })
    expect(await bindError(listen)).toMatchObject({ code: 'address_in_use', endpoint: `unix:${path}` })
    expect(await unixStatus(path, '/metrics')).toBe(200)
  })

  test('one that a killed process left behind is replaced', async () => {
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow()
    expect(existsSync(path)).toBe(true)
    await serve({ listen })
    expect(await unixStatus(path, '/metrics')).toBe(200)
  })

  test('a file that is no socket stays', async () => {
    const file = join(dir, 'file')
    writeFileSync(file, 'keep me')
    expect(await bindError({ kind: 'unix', path: file })).toBeInstanceOf(BindError)
    expect(existsSync(file)).toBe(true)
  })

  test('a folder that is missing', async () => {
    expect(await bindError({ kind: 'unix', path: join(dir, 'no', 'x') })).toBeInstanceOf(BindError)
  })
})
