import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { socketResources } from '../../test/doubles/socket-resources.ts'
import { freePort } from '../../test/world/free-port.ts'
import { temporaryFolder } from '../../test/world/temporary-folder.ts'
import { dial } from './dial.ts'
import type { Endpoint } from './endpoint.ts'
import type { LegHandler } from './leg.ts'
import { type Listening, listen } from './listener.ts'
import { Splice } from './splice.ts'

const UNHEARD: LegHandler = {
  onBytes: () => true,
  onDrain() {},
  onEnd() {},
  onLost() {},
  onClosed() {},
}

/** What a front saw of one connection; `end` is `open`, `fin` or the system's code. */
interface Seen {
  bytes: number
  end: string
}

function makeResources() {
  // A name takes a moment to look up.
  const lookup = (_name: string, _options: object, found: (error: null, addresses: object[]) => void) =>
    setTimeout(() => found(null, [{ address: '127.0.0.1', family: 4 }]), 100)
  const names = { patience: () => 250, lookup: () => lookup, connected() {}, failed() {} }
  return { ...socketResources(), names: names as never }
}

describe('a leg on a socket', () => {
  let resources: ReturnType<typeof makeResources>
  let ticking: NodeJS.Timeout
  let front: Server
  let relay: Listening | undefined
  let seen: Seen[]
  let behave: (socket: Socket) => void

  beforeEach(() => {
    resources = makeResources()
    ticking = setInterval(resources.unwatched.sweep, 50)
    relay = undefined
    seen = []
    front = createServer({ allowHalfOpen: true }, (socket) => {
      const saw: Seen = { bytes: 0, end: 'open' }
      seen.push(saw)
      socket.on('data', (data: Buffer) => (saw.bytes += data.length))
      socket.on('end', () => (saw.end = 'fin'))
      socket.on('error', (error: NodeJS.ErrnoException) => (saw.end = error.code ?? ''))
      behave(socket)
    })
    behave = () => {}
  })
  afterEach(() => {
    clearInterval(ticking)
    relay?.close()
    front.close()
  })

  const open = () => resources.descriptors.own

  async function startFront(host = '127.0.0.1'): Promise<Endpoint> {
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    return { kind: 'tcp', host, port: (front.address() as AddressInfo).port }
  }

  async function startRelay(to: Endpoint): Promise<number> {
    const port = await freePort()
    const options = { backlog: 100, reusePort: false, ipv6Only: false, permissions: 0o600 }
    relay = await listen(
      { endpoint: { kind: 'tcp', host: '127.0.0.1', port }, ...options },
      {
        ...resources,
        accept: ({ leg }) => {
          const other = dial(to, UNHEARD, resources)
          other.handler = new Splice(leg, other, 2, () => {})
          return other.handler
        },
      },
    )
    return port
  }

  test('is closed when it is reset while its FIN is on the way', async () => {
    const leg = dial(await startFront(), UNHEARD, resources)
    await expect.poll(() => leg.connected).toBe(true)
    leg.end()
    leg.reset()
    await expect.poll(open).toBe(0)
    expect(leg.failure).toBeUndefined()
  })

  test('resets in place of the FIN that waits behind what it writes', async () => {
    const port = await startRelay(await startFront('front.example.org'))
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.on('error', () => {})
    client.end('half a hello')
    await sleep(50)
    // The front is not connected yet.
    expect(seen).toEqual([])
    client.resetAndDestroy()
    await expect.poll(() => seen).toEqual([{ bytes: 12, end: 'ECONNRESET' }])
    await expect.poll(open).toBe(0)
  })

  test('hears a front’s reset while the client does not read', async () => {
    behave = (socket) => {
      socket.write(Buffer.alloc(64 << 20))
      setTimeout(() => socket.resetAndDestroy(), 200)
    }
    const client = connect({ port: await startRelay(await startFront()), host: '127.0.0.1' })
    client.on('error', () => {})
    client.pause()
    await expect.poll(open).toBe(2)
    await expect.poll(open, { timeout: 5000 }).toBe(0)
    client.destroy()
  })

  test('passes on the FIN of a front on a unix socket that has closed, and keeps nothing of it', async () => {
    behave = (socket) => {
      socket.end('the last words')
      socket.destroySoon()
    }
    const path = join(temporaryFolder('unix-front'), 'front.sock')
    await new Promise<void>((resolve) => front.listen(path, resolve))
    const port = await startRelay({ kind: 'unix', path })
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const heard: string[] = []
    client.on('data', (data: Buffer) => heard.push(data.toString()))
    client.on('end', () => heard.push('FIN'))
    client.on('error', (error: NodeJS.ErrnoException) => heard.push(error.code ?? ''))
    // Nothing more is said by the client, which leaves its half open.
    await expect.poll(() => heard.length).toBe(2)
    await expect.poll(open, { timeout: 5000 }).toBe(0)
    expect(heard).toEqual(['the last words', 'FIN'])
    client.destroy()
  })
})
