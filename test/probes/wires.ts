import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentBytes } from '../world/data-centre/content.ts'
import { strangeHello } from './hellos.ts'
import type { Script } from './matrix.ts'
import type { FrontScript } from './wire-front.ts'

/** A probe of which both ends are ours. */
export interface Wire {
  readonly name: string
  readonly client: (opening: Buffer) => Script
  readonly front: FrontScript
  /** What the client says first, and by which the front knows it. */
  readonly opening: () => Buffer
}

const MB = 1 << 20
const ALERT = Buffer.from('15030300020246', 'hex')

const opens =
  (then: Script = () => {}) =>
  (opening: Buffer): Script =>
  async (client) => {
    client.send(opening)
    await sleep(60)
    await then(client)
  }

const NO_HELLO = () => Buffer.concat([Buffer.from('opening '), randomBytes(24)])

/** The ten probes of a faithful splice, and some more. */
const BARE: readonly Omit<Wire, 'opening'>[] = [
  {
    name: 'client FIN, a long answer after it',
    client: opens((client) => client.fin()),
    front: (socket) => socket.on('end', () => socket.end(contentBytes(1, 0, 300_000))),
  },
  {
    name: 'an alert, then a close with unread data',
    client: opens(async (client) => {
      client.send(Buffer.alloc(3 * MB, 1))
      await sleep(50)
    }),
    front: (socket) => {
      setImmediate(() => socket.pause())
      setTimeout(() => socket.write(ALERT, () => socket.destroy()), 150)
    },
  },
  {
    name: 'data after the FIN of the front',
    client: opens(async (client) => {
      await client.untilFin(3000)
      client.send(Buffer.alloc(10, 1))
    }),
    front: (socket) => socket.end(ALERT, () => socket.destroy()),
  },
  { name: 'client reset', client: opens((client) => client.reset()), front: (socket) => socket.resume() },
  {
    name: 'client reset behind a megabyte',
    client: opens(async (client) => {
      client.send(contentBytes(2, 0, MB))
      await sleep(300)
      client.reset()
    }),
    front: (socket) => socket.resume(),
  },
  {
    name: 'the front answers, then resets',
    client: opens(),
    front: (socket) => socket.write(ALERT, () => socket.resetAndDestroy()),
  },
  {
    name: 'the front resets at once',
    client: opens(),
    front: (socket) => socket.resetAndDestroy(),
  },
  {
    name: 'FIN of the front, silent client, reset of the front',
    client: opens(),
    front: (socket) => {
      socket.end(ALERT)
      setTimeout(() => socket.resetAndDestroy(), 150)
    },
  },
  {
    name: 'twenty megabytes to a slow reader',
    client: opens(async (client) => {
      client.pause()
      await sleep(800)
      client.resume()
    }),
    front: (socket) => socket.end(contentBytes(3, 0, 20 * MB)),
  },
  {
    name: 'twenty megabytes to a slow front',
    client: opens((client) => {
      client.send(contentBytes(4, 0, 20 * MB))
      client.fin()
    }),
    front: (socket) => {
      socket.pause()
      setTimeout(() => socket.resume(), 800)
      socket.on('end', () => socket.end(ALERT))
    },
  },
  {
    name: 'FIN of the front, client goes on, then FIN',
    client: opens(async (client) => {
      await client.untilFin(3000)
      client.send(contentBytes(5, 0, MB))
      client.fin()
    }),
    front: (socket) => {
      socket.resume()
      socket.end(ALERT)
    },
  },
  {
    name: 'client FIN, then reset',
    client: opens(async (client) => {
      client.fin()
      await sleep(100)
      client.reset()
    }),
    front: (socket) => socket.resume(),
  },
  {
    name: 'both speak at once',
    client: opens((client) => {
      client.send(contentBytes(6, 0, 3 * MB))
      client.fin()
    }),
    front: (socket) => {
      socket.resume()
      socket.end(contentBytes(7, 0, 3 * MB))
    },
  },
  {
    name: 'the front speaks in single bytes',
    client: opens(),
    front: (socket) => void trickle(socket, contentBytes(8, 0, 60)),
  },
]

export const WIRES: readonly Wire[] = [
  ...BARE.map((wire) => ({ ...wire, opening: NO_HELLO })),
  ...[1, 5, 9, 12, 60, 500, 1500].flatMap((cut) => [
    helloLike(`${cut} bytes of a hello, then reset`, cut, (client) => client.reset()),
    helloLike(`${cut + 1} bytes of a hello, then FIN`, cut + 1, (client) => client.fin()),
  ]),
  helloLike('a whole hello, then reset', 10_000, (client) => client.reset()),
  helloLike('a whole hello, then FIN', 10_000, (client) => client.fin()),
  helloLike('a whole hello, then more', 10_000, async (client) => {
    client.send(contentBytes(9, 0, MB))
    await sleep(200)
    client.fin()
  }),
]

function helloLike(name: string, cut: number, then: Script): Wire {
  const opening = () => strangeHello().subarray(0, cut)
  return { name, client: opens(then), front: (socket) => socket.resume(), opening }
}

async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]))
    await sleep(3)
  }
  socket.end()
}
