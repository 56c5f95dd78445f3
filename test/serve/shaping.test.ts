import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RawSocket } from '../world/clients/raw-socket.ts'
import { type Portico, startPortico } from '../world/portico.ts'

const REQUEST = Buffer.from('GET / HTTP/1.1\r\n\r\n')
const ANSWER = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')
/** Timers of 30 ms may fire a little early by another clock. */
const LEAST_HOLD = 28

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

/** A front that answers the request's first line at once, and keeps what it was told until the client's FIN. */
async function startFront() {
  const { promise: told, resolve } = Promise.withResolvers<Buffer>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      if (bytes.length === 0 && chunk.subarray(0, 3).equals(REQUEST.subarray(0, 3))) socket.write(ANSWER)
      bytes = Buffer.concat([bytes, chunk])
    })
    socket.on('end', () => {
      if (bytes.subarray(0, 3).equals(REQUEST.subarray(0, 3))) resolve(bytes)
      socket.end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  opened.push(() => server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, told }
}

async function visit(shaping: 'off' | 'both') {
  const { told, ...front } = await startFront()
  const portico: Portico = await startPortico({
    config: { domain: 'www.example.org', front, frontKeys: `shaping = "${shaping}"` },
    workers: 1,
  })
  opened.push(() => portico.kill9())
  const client = await RawSocket.connect(portico)
  opened.push(() => client.close())
  const began = performance.now()
  await client.send(REQUEST)
  const answer = await client.read(ANSWER.length)
  const waited = performance.now() - began
  client.halfClose()
  const { ending } = await client.readToEnd()
  return { answer, waited, ending, told: await told }
}

test('a stranger hears the front late and is padded, where that was asked for', async () => {
  const { answer, waited, ending, told } = await visit('both')
  expect({ answer, ending }).toEqual({ answer: ANSWER, ending: 'fin' })
  expect(waited).toBeGreaterThanOrEqual(LEAST_HOLD)
  expect(told.subarray(0, REQUEST.length)).toEqual(REQUEST)
  expect(told.length).toBe(512)
})

test('otherwise the front is told what the client said, and nothing else', async () => {
  const { answer, ending, told } = await visit('off')
  expect({ answer, ending, told }).toEqual({ answer: ANSWER, ending: 'fin', told: REQUEST })
})
