import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { httpsRecords } from '../net/https-records.ts'
import { keptIdentity } from './built-in/certificate.ts'
import { fullRecord } from './full-record.ts'

const DOMAIN = 'www.example.org'

test.each([
  ['a limit below the usual', [282, 4113, 4113, 4113, 900], 4113],
  ['full records', [282, 16_401, 16_401, 16_401], undefined],
  ['a page that is too short to tell', [282, 9000], undefined],
  ['a ramp that ends in full records', [1203, 2389, 5000, 16_401], undefined],
  ['records that are smaller than we make them', [1024, 1024, 1024], undefined],
  ['nothing', [], undefined],
])('%s', (_what, sizes, expected) => {
  expect(fullRecord(sizes)).toBe(expected)
})

/** Sizes of the records of a page that is written in pieces. */
async function measured(pieces: readonly number[]): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'records-'))
  const random = (n: number) => randomBytes(n)
  const { identity } = await keptIdentity(join(folder, 'both.pem'), DOMAIN, { random, now: Date.now })
  const server = createServer(identity, (socket: TLSSocket) => {
    socket.on('error', () => {})
    const say = ([size, ...rest]: readonly number[]): void => {
      if (size === undefined) socket.end()
      else socket.write(Buffer.alloc(size), () => say(rest))
    }
    socket.once('data', () => say(pieces))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address!.port : 0
  try {
    return await httpsRecords(
      { kind: 'tcp', host: '127.0.0.1', port },
      { serverName: DOMAIN, preamble: Buffer.alloc(0), timeout: 20_000, most: 40 },
    )
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

test('of a real server, without the records of its handshake', async () => {
  const small = await measured([4096, 4096, 4096, 700])
  expect(small.filter((size) => size === 4113)).toHaveLength(3)
  expect(fullRecord(small)).toBe(4113)
  expect(fullRecord(await measured([60_000]))).toBeUndefined()
})

test('nobody there has no records', async () => {
  const options = { serverName: DOMAIN, preamble: Buffer.alloc(0), timeout: 5000, most: 40 }
  expect(await httpsRecords({ kind: 'tcp', host: '127.0.0.1', port: 1 }, options)).toEqual([])
})
