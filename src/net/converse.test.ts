import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { converse } from './converse.ts'
import type { Endpoint } from './endpoint.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(serve: (socket: Socket) => void): Promise<Endpoint> {
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on('error', () => {})))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { kind: 'tcp', host: '127.0.0.1', port: typeof address === 'object' ? address!.port : 0 }
}

const say = (text: string, more: { fin?: boolean; quiet?: number } = {}) => ({
  bytes: Buffer.from(text),
  quiet: 50,
  ...more,
})

test('what is heard belongs to the turn before it', async () => {
  const to = await listening((socket) => socket.on('data', (bytes) => socket.write(`<${bytes}>`)))
  const { heard, end } = await converse(to, [say('one'), say(''), say('two')])
  expect(heard.map(String)).toEqual(['<one>', '', '<two>'])
  expect(end).toBe('open')
})

test('the far side’s end ends it', async () => {
  const to = await listening((socket) => socket.on('data', () => socket.end('bye')))
  const { heard, end, milliseconds } = await converse(to, [say('one', { quiet: 5000 }), say('two')])
  expect(heard.map(String)).toEqual(['bye'])
  expect(end).toBe('fin')
  expect(milliseconds).toBeLessThan(5000)
})

test('a reset is told from a FIN, and nobody from both', async () => {
  const to = await listening((socket) => socket.on('data', () => socket.resetAndDestroy()))
  expect((await converse(to, [say('one')])).end).toBe('reset')
  expect((await converse({ kind: 'tcp', host: '127.0.0.1', port: 1 }, [say('one')])).end).toBe('refused')
  expect((await converse({ kind: 'tcp', host: '127.0.0.1', port: 70_000 }, [])).end).toBe('refused')
})

test('our FIN leaves the far side’s answer readable', async () => {
  const to = await listening((socket) =>
    socket.on('end', () => setTimeout(() => socket.end('late'), 10)).resume(),
  )
  const { heard, end } = await converse(to, [say('one', { fin: true, quiet: 5000 })])
  expect(heard.map(String)).toEqual(['late'])
  expect(end).toBe('fin')
})

test('it is given up at once when told', async () => {
  const to = await listening(() => {})
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 20)
  expect((await converse(to, [say('one', { quiet: 60_000 })], stop.signal)).end).toBe('open')
})
