import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { waitFor } from '../../test/world/wait-for.ts'
import { peerKeepAlive, type QuietConnection } from './peer-keep-alive.ts'

const opened: (() => unknown)[] = []
afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close()
})

const connection: QuietConnection = {
  own: { address: '127.0.0.1', port: 0xc001 },
  peer: { address: '127.0.0.1', port: 443 },
  age: 150,
}
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid'
const row = (timer: string, ends = '0100007F:01BB 0100007F:C001', state = '01') =>
  `${HEADER}\n   0: ${ends} ${state} 00000000:00000000 ${timer} 00000000  1000 0 77 1\n`

test.each([
  ['14.85 s are left 0.15 s after accept', row('02:000005CD'), 15],
  ['two hours, as the kernel has it by itself', row('02:000AFC71'), 7200],
  ['no timer', row('00:00000000'), 0],
  ['something is in flight', row('01:00000014'), undefined],
  ['it is closing', row('02:000005CD', undefined, '08'), undefined],
  ['only our own end is there', row('02:000005CD', '0100007F:C001 0100007F:01BB'), undefined],
  ['the same ports of other addresses', row('02:000005CD', '0200007F:01BB 0100007F:C001'), undefined],
  ['a table of nothing', HEADER, undefined],
  ['no table', '', undefined],
])('%s', (_name, table, seconds) => {
  expect(peerKeepAlive(connection, () => table)).toBe(seconds)
})

test('a socket for both families shows IPv4 in the table of IPv6', () => {
  const ends = '0000000000000000FFFF00000100007F:01BB 0000000000000000FFFF00000100007F:C001'
  expect(peerKeepAlive(connection, () => row('02:000005CD', ends))).toBe(15)
})

test('IPv6', () => {
  const address = '2001:db8::a:1'
  const both = { ...connection, own: { address, port: 0xc001 }, peer: { address, port: 443 } }
  const written = 'B80D0120000000000000000001000A00'
  expect(peerKeepAlive(both, () => row('02:000005CD', `${written}:01BB ${written}:C001`))).toBe(15)
})

/** What a client of this process sees of a server that treats each socket so. */
async function seen(host: string, treat: (socket: Socket) => void): Promise<number | undefined> {
  const server = createServer((socket) => {
    opened.push(() => socket.destroy())
    treat(socket)
  }).listen(0, host)
  opened.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const client = connect((server.address() as AddressInfo).port, host)
  opened.push(() => client.destroy())
  const accepted = new Promise((resolve) => server.once('connection', resolve))
  await new Promise((resolve) => client.once('connect', resolve))
  const began = performance.now()
  await accepted
  const { localAddress, localPort, remoteAddress, remotePort } = client
  const own = { address: localAddress!, port: localPort! }
  const peer = { address: remoteAddress!, port: remotePort! }
  return waitFor('the peer’s timer', () => peerKeepAlive({ own, peer, age: performance.now() - began }))
}

test.each(['127.0.0.1', '::1'])('of a real socket, %s', async (host) => {
  expect(await seen(host, (socket) => socket.setKeepAlive(true, 40_000))).toBe(40)
  expect(await seen(host, () => {})).toBe(0)
})
