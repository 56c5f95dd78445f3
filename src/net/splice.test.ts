import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { socketResources } from '../../test/doubles/socket-resources.ts'
import { freePort } from '../../test/world/free-port.ts'
import type { Descriptors } from './descriptors.ts'
import { dial } from './dial.ts'
import { type Listening, listen } from './listener.ts'
import { Splice } from './splice.ts'

type End = 'open' | 'fin' | 'reset'

/** One end of a connection, and what it saw of the other. */
class Witness {
  bytes = 0
  end: End = 'open'
  readonly socket: Socket

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data: Buffer) => (this.bytes += data.length))
    socket.on('end', () => (this.end = 'fin'))
    socket.on('error', () => (this.end = 'reset'))
  }

  get seen() {
    return { bytes: this.bytes, end: this.end }
  }
}

interface Probe {
  readonly name: string
  front(front: Witness): void
  client(client: Witness): void | Promise<void>
  /** What is compared; by default both sides. */
  readonly compare?: 'client'
}

const TAIL = 300_000
const pieces = (socket: Socket, total: number) => {
  for (let sent = 0; sent < total; sent += 50_000) socket.write(Buffer.alloc(50_000, 0x61))
}

const PROBES: readonly Probe[] = [
  {
    name: 'the client’s FIN, and an answer after it',
    front: ({ socket }) => socket.on('end', () => socket.end(Buffer.alloc(TAIL))),
    client: ({ socket }) => void socket.end('request'),
  },
  {
    name: 'the front’s FIN after a tail; the client goes on, then its FIN',
    front: ({ socket }) => void socket.end(Buffer.alloc(TAIL)),
    client: async ({ socket }) => {
      await sleep(150)
      socket.write('more')
      await sleep(50)
      socket.end('last')
    },
  },
  {
    name: 'an alert, then a close with unread data',
    front: ({ socket }) => {
      socket.pause()
      socket.once('readable', () => {})
      setTimeout(() => {
        socket.write('alert 7')
        setTimeout(() => socket.resetAndDestroy(), 30)
      }, 50)
    },
    client: ({ socket }) => void socket.write('garbage'),
    compare: 'client',
  },
  {
    name: 'the client resets',
    front: ({ socket }) => void socket.write('greeting'),
    client: async ({ socket }) => {
      await sleep(80)
      socket.resetAndDestroy()
    },
  },
  {
    name: 'the front resets at once',
    front: ({ socket }) => void setTimeout(() => socket.resetAndDestroy(), 40),
    client: ({ socket }) => void socket.write('hello'),
    compare: 'client',
  },
  {
    name: 'the front’s FIN, a silent client, the front’s reset later',
    front: ({ socket }) => {
      socket.end('bye')
      setTimeout(() => socket.resetAndDestroy(), 250)
    },
    client: () => {},
    compare: 'client',
  },
  {
    name: 'both sides send much and end',
    front: ({ socket }) => {
      pieces(socket, 2_000_000)
      socket.end()
    },
    client: ({ socket }) => {
      pieces(socket, 2_000_000)
      socket.end()
    },
  },
  {
    name: 'a tail for a slow reader',
    front: ({ socket }) => void socket.end(Buffer.alloc(8_000_000)),
    client: async ({ socket }) => {
      socket.pause()
      await sleep(200)
      socket.resume()
    },
  },
]

describe('a splice ends as a direct connection does', () => {
  let front: Server
  let frontPort = 0
  let current: Probe
  const atFront: Witness[] = []
  let relay: Listening
  let relayPort = 0
  let ticking: NodeJS.Timeout
  let over = 0
  let descriptors: Descriptors

  beforeAll(async () => {
    front = createServer({ allowHalfOpen: true }, (socket) => {
      atFront.unshift(new Witness(socket))
      current.front(atFront[0]!)
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    frontPort = (front.address() as AddressInfo).port

    const resources = socketResources()
    expect(await resources.reads.probe()).toBe(true)
    descriptors = resources.descriptors
    ticking = setInterval(resources.unwatched.sweep, 50)
    relayPort = await freePort()
    relay = await listen(
      {
        endpoint: { kind: 'tcp', host: '127.0.0.1', port: relayPort },
        backlog: 100,
        reusePort: false,
        ipv6Only: false,
        permissions: 0o600,
      },
      {
        ...resources,
        accept: ({ leg }) => {
          const unset = new Splice(leg, leg, 2, () => {})
          const other = dial({ kind: 'tcp', host: '127.0.0.1', port: frontPort }, unset, resources)
          other.handler = new Splice(leg, other, 2, () => over++)
          return other.handler
        },
      },
    )
  })

  afterAll(() => {
    clearInterval(ticking)
    relay.close()
    front.close()
  })

  async function observe(probe: Probe, port: number) {
    current = probe
    atFront.length = 0
    const client = new Witness(connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
    await probe.client(client)
    await sleep(700)
    const seen = {
      client: client.seen,
      front: probe.compare === 'client' ? undefined : atFront[0]?.seen,
    }
    client.socket.destroy()
    atFront[0]?.socket.destroy()
    return seen
  }

  test.each(PROBES.map((probe) => [probe.name, probe] as const))('%s', async (_name, probe) => {
    const direct = await observe(probe, frontPort)
    expect(await observe(probe, relayPort)).toEqual(direct)
  })

  test('every splice is over and no descriptor is left', async () => {
    await expect.poll(() => over).toBe(PROBES.length)
    await expect.poll(() => descriptors.own).toBe(0)
  })
})

describe('a splice whose front has said FIN', () => {
  function ended() {
    const [client, front] = [new ScriptedLeg(), new ScriptedLeg()]
    const splice = new Splice(client, front, 2, () => {})
    client.handler = splice
    front.handler = splice
    front.ends()
    return { client, front }
  }

  test('asks whether its socket is still there', () => {
    const { client, front } = ended()
    expect(client.ending).toBe('fin')
    expect(front.keptAlive).toBe(10)
  })

  test('leaves a silent client when it is gone, without a word', () => {
    const { client, front } = ended()
    front.faded = true
    front.fails('EPIPE')
    expect(client.ending).toBe('destroyed')
  })

  test('resets a client to whose words the front’s system has answered so', () => {
    const { client, front } = ended()
    client.says(Buffer.from('more'))
    front.fails('EPIPE')
    expect(client.ending).toBe('reset')
  })
})
