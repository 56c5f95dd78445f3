import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type FetchTextOptions, fetchText, redirectTarget } from './fetch-text.ts'

const LIMIT = 100_000
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/list`
}

const get = (url: string, options: Partial<FetchTextOptions> = {}) =>
  fetchText(url, { limit: LIMIT, timeout: 10_000, ...options })

describe('fetching a text', () => {
  test('its bytes and what the server says of its version', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { etag: '"a"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' })
      response.end(Buffer.from([0x31, 0xff, 0x00]))
    })
    expect(await get(url)).toEqual({
      state: 'fetched',
      text: '1\u00ff\u0000',
      validators: { etag: '"a"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' },
    })
  })

  test('that is the same as before is not sent again', async () => {
    const url = await serve(({ headers }, response) => {
      const isSame = headers['if-none-match'] === '"a"' && headers['if-modified-since'] === 'then'
      response.writeHead(isSame ? 304 : 200)
      response.end()
    })
    expect(await get(url, { validators: { etag: '"a"', lastModified: 'then' } })).toEqual({
      state: 'unchanged',
    })
    expect(await get(url, { validators: { etag: '"b"' } })).toMatchObject({ state: 'fetched' })
    expect(await get(url)).toEqual({ state: 'fetched', text: '', validators: {} })
  })

  test.each([500, 404, 204, 206])('status %i is a failure', async (status) => {
    const url = await serve((_request, response) => {
      response.writeHead(status)
      response.end(status === 204 ? undefined : 'sorry')
    })
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'bad_status', message: `status ${status}` })
  })

  test('as long as the limit, and one byte more', async () => {
    let length = LIMIT
    const url = await serve((_request, response) => {
      response.end('1'.repeat(length))
    })
    expect(await get(url)).toMatchObject({ state: 'fetched' })
    length++
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'too_long' })
  })

  test('without end is given up at the limit', async () => {
    let ended = false
    const url = await serve((_request, response) => {
      const more = () => {
        while (response.writable && response.write('1'.repeat(10_000)));
      }
      response.on('drain', more).on('close', () => {
        ended = true
      })
      more()
    })
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'too_long' })
    await expect.poll(() => ended).toBe(true)
  })

  test('compressed is measured as it is, not as it comes', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync('1'.repeat(LIMIT + 1)))
    })
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'too_long' })
    expect(await get(url, { limit: LIMIT + 1 })).toMatchObject({ state: 'fetched' })
  })

  test('that never comes, or stops half-way', async () => {
    const silent = await serve(() => {})
    expect(await get(silent, { timeout: 50 })).toMatchObject({ state: 'failed', code: 'timeout' })
    const stalling = await serve((_request, response) => {
      response.write('1.2.3.4\n')
    })
    expect(await get(stalling, { timeout: 50 })).toMatchObject({ state: 'failed', code: 'timeout' })
  })

  test('that is cut off is a failure, not a shorter text', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('1.2.3.4\n', () => response.destroy())
    })
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'unreachable' })
  })

  test('from nobody', async () => {
    expect(await get('http://127.0.0.1:1/')).toMatchObject({ state: 'failed', code: 'unreachable' })
  })

  test('ended early', async () => {
    const url = await serve(() => {})
    const ending = new AbortController()
    const fetching = get(url, { signal: ending.signal })
    ending.abort()
    expect(await fetching).toMatchObject({ state: 'failed', code: 'unreachable' })
  })

  test('through redirects, up to five of them', async () => {
    let redirects = 5
    const url = await serve((request, response) => {
      const step = Number(new URL(request.url!, 'http://a').searchParams.get('step'))
      if (step < redirects) response.writeHead(302, { location: `/list?step=${step + 1}` })
      response.end('1.2.3.4')
    })
    expect(await get(url)).toMatchObject({ state: 'fetched', text: '1.2.3.4' })
    redirects = 6
    expect(await get(url)).toMatchObject({ state: 'failed', code: 'too_many_redirects' })
  })

  test.each([undefined, 'ftp://127.0.0.1/', 'file:///etc/passwd', 'http://', 'http://me:mine@127.0.0.1/'])(
    'not to %s',
    async (location) => {
      const url = await serve((_request, response) => {
        response.writeHead(301, location === undefined ? {} : { location })
        response.end()
      })
      expect(await get(url)).toMatchObject({ state: 'failed', code: 'bad_redirect' })
    },
  )

  test('to TLS, but not out of it', () => {
    const [plain, tls] = [new URL('http://a.example/x'), new URL('https://a.example/x')]
    expect(redirectTarget(plain, 'https://b.example/')?.href).toBe('https://b.example/')
    expect(redirectTarget(tls, '/y')?.href).toBe('https://a.example/y')
    expect(redirectTarget(tls, 'http://a.example/x')).toBeUndefined()
  })
})
