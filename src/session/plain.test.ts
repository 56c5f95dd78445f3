import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { stage } from '../../test/doubles/stage.ts'
import { obfuscate } from '../../test/world/clients/obfuscated-client.ts'
import type { Framing } from '../../test/world/data-centre/framing.ts'

const SECRET = randomBytes(16)
const NOW = 1_800_000_000
const PLAIN = { secret: SECRET, now: NOW, modes: ['tls', 'secure', 'classic'] as const }

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}

/** The type of a TLS record that holds a hello: one byte of it alone is that, and a front may speak before the next. */
const HANDSHAKE = 0x16

function init(framing: Framing = 'padded', secret = SECRET): Buffer {
  for (;;) {
    const { init: made } = obfuscate({ dc: 2, framing, secret })
    if (made[0] !== HANDSHAKE) return made
  }
}

describe('a listener that allows clients without FakeTLS', () => {
  test.each<[Framing, string]>([
    ['abridged', 'classic'],
    ['intermediate', 'classic'],
    ['padded', 'secure'],
  ])('an init of %s in pieces is a session, %s', async (framing, mode) => {
    const { client, front, started } = stage(PLAIN)
    const wire = Buffer.concat([init(framing), Buffer.from('rest')])
    for (const at of [0, 1, 30, 63]) {
      client.says(wire.subarray(at, [1, 30, 63, 68][[0, 1, 30, 63].indexOf(at)]))
      front.says(Buffer.from('400 Bad Request'))
    }
    front.ends()
    await settled()
    expect(started).toHaveLength(1)
    expect(started[0]).toMatchObject({ mode })
    expect(started[0]!.firstPayload.toString()).toBe('rest')
    // Not a byte of the site's, nor its end, has reached the client.
    expect([client.written.length, client.ending]).toEqual([0, 'open'])
    expect(front.ending).toBe('reset')
  })

  test("what is none of the modes is the site's: its bytes and its end come after the 64th", async () => {
    const { client, front, started } = stage(PLAIN)
    const wire = init('padded', randomBytes(16))
    client.says(wire.subarray(0, 40))
    front.says(Buffer.from('400 Bad Request'))
    front.ends()
    await settled()
    expect([client.written.length, client.ending]).toEqual([0, 'open'])
    client.says(wire.subarray(40))
    await settled()
    expect(started).toEqual([])
    expect([client.written.toString(), client.ending]).toEqual(['400 Bad Request', 'fin'])
    expect(front.written).toEqual(wire)
  })

  test.each([
    ['the client ends', (scene: ReturnType<typeof stage>) => scene.client.ends()],
    ['the wait passes', (scene: ReturnType<typeof stage>) => scene.wheel.advance(3200)],
  ])('held until %s', async (_name, happens) => {
    const scene = stage(PLAIN)
    scene.client.says(Buffer.from('SSH-2.0-x\r\n'))
    scene.front.says(Buffer.from('no'))
    await settled()
    expect(scene.client.written.length).toBe(0)
    happens(scene)
    await settled()
    expect(scene.client.written.toString()).toBe('no')
  })

  test.each([[64], [40]])(
    'what comes behind an init waits for its session (%i bytes first)',
    async (first) => {
      const scene = stage({ ...PLAIN, dialLater: true })
      const wire = init()
      scene.client.says(wire.subarray(0, first))
      if (first < wire.length) scene.client.says(wire.subarray(first))
      expect(scene.client.reading).toBe(false)
      await settled()
      scene.front.drains()
      expect(scene.client.reading).toBe(false)
    },
  )

  test('HTTP is no init and is not held at all', async () => {
    const { client, front } = stage(PLAIN)
    client.says(Buffer.from('GET / HTTP/1.0\r\n\r\n'))
    await settled()
    front.says(Buffer.from('400'))
    expect(client.written.toString()).toBe('400')
  })

  test('a replayed init sees the site', async () => {
    const { visit, started, counted } = stage(PLAIN)
    const wire = init()
    for (const _ of [1, 2]) {
      const { client, front } = visit()
      client.says(wire)
      front.says(Buffer.from('400'))
      await settled()
    }
    expect(started).toHaveLength(1)
    expect(counted('replays_total')).toBe(1)
  })

  test('the transport must be one that the listener allows', async () => {
    const { client, started } = stage({ ...PLAIN, modes: ['tls', 'secure'] })
    client.says(init('intermediate'))
    await settled()
    expect(started).toEqual([])
  })
})

test('a listener with TLS alone never holds for an init', async () => {
  const { client, front, started } = stage({ secret: SECRET, now: NOW })
  client.says(init().subarray(0, 10))
  front.says(Buffer.from('400'))
  expect(client.written.toString()).toBe('400')
  client.says(init())
  await settled()
  expect(started).toEqual([])
})
