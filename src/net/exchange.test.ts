import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Endpoint } from './endpoint.ts'
import { exchange } from './exchange.ts'

const servers: Server[] = []
const options = { quiet: 60, timeout: 3000, limit: 1000 }

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(serve: (socket: Socket) => void, path?: string): Promise<Endpoint> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(path ?? { port: 0, host: '127.0.0.1' }, resolve))
  const address = server.address()
  if (typeof address === 'object' && address !== null) {
    return { kind: 'tcp', host: '127.0.0.1', port: address.port }
  }
  return { kind: 'unix', path: path ?? '' }
}

test('an answer is whole when nothing more comes', async () => {
  const echo = await listening((socket) => socket.pipe(socket))
  expect(await exchange(echo, Buffer.from('hello'), options)).toEqual({
    received: Buffer.from('hello'),
    end: 'quiet',
  })
})

test('an answer in pieces is collected while the pauses are shorter than the quiet time', async () => {
  const slow = await listening((socket) => {
    socket.write('a')
    setTimeout(() => socket.write('b'), 30)
    setTimeout(() => socket.write('c'), 60)
  })
  const { received } = await exchange(slow, Buffer.alloc(0), { ...options, quiet: 500 })
  expect(received.toString()).toBe('abc')
})

test('silence before the first byte is not quiet', async () => {
  const late = await listening((socket) => void setTimeout(() => socket.write('late'), 200))
  expect(await exchange(late, Buffer.from('x'), options)).toEqual({
    received: Buffer.from('late'),
    end: 'quiet',
  })
})

test('the end says who ended it', async () => {
  const closing = await listening((socket) => socket.end('bye'))
  const resetting = await listening((socket) => socket.once('data', () => socket.resetAndDestroy()))
  const mute = await listening(() => {})
  expect(await exchange(closing, Buffer.from('x'), options)).toEqual({
    received: Buffer.from('bye'),
    end: 'fin',
  })
  expect((await exchange(resetting, Buffer.from('x'), options)).end).toBe('reset')
  expect((await exchange(mute, Buffer.from('x'), { ...options, timeout: 100 })).end).toBe('timeout')
})

test('what cannot be reached is refused, whatever the reason', async () => {
  const gone = await listening(() => {})
  await new Promise((resolve) => servers.pop()!.close(resolve))
  const impossible: Endpoint[] = [
    gone,
    { kind: 'tcp', host: '127.0.0.1', port: 70_000 },
    { kind: 'tcp', host: 'host.invalid', port: 443 },
    { kind: 'unix', path: join(tmpdir(), 'no-such-socket') },
  ]
  for (const endpoint of impossible) {
    expect(await exchange(endpoint, Buffer.from('x'), options)).toEqual({
      received: Buffer.alloc(0),
      end: 'refused',
    })
  }
})

test('never more than the limit', async () => {
  const flood = await listening((socket) => void socket.write(Buffer.alloc(100_000)))
  const { received } = await exchange(flood, Buffer.from('x'), options)
  expect(received.length).toBe(1000)
})

test('a unix socket', async () => {
  const path = join(tmpdir(), `exchange-${process.pid}.sock`)
  rmSync(path, { force: true })
  const endpoint = await listening((socket) => socket.end('unix'), path)
  expect((await exchange(endpoint, Buffer.alloc(0), options)).received.toString()).toBe('unix')
})
