import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { portHolder } from './port-holder.ts'

test('this very process is found by its port', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  expect(portHolder(port)).toMatch(new RegExp(`^.+ \\(pid ${process.pid}\\)$`))
  await new Promise((resolve) => server.close(resolve))
  expect(portHolder(port)).toBeUndefined()
})

test('without /proc nobody is found', () => {
  expect(portHolder(443, '/nowhere')).toBeUndefined()
})
