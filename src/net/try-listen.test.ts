import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { tryListen } from './try-listen.ts'

test('free, then taken, then free', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  expect(await tryListen('127.0.0.1', port)).toBe('taken')
  expect(await tryListen('', port)).toBe('taken')
  await new Promise((resolve) => server.close(resolve))
  expect(await tryListen('127.0.0.1', port)).toBe('free')
})

test('an address that this host lacks', async () => {
  expect(await tryListen('192.0.2.200', 8443)).toBe('absent')
})
