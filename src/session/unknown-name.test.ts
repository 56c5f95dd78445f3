import { createSecretKey, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Plan, stage } from '../../test/doubles/stage.ts'
import { flightOf } from '../../test/vectors/flights.ts'
import type { SiteProfile } from '../front/profile.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'

const SECRET = Buffer.from('8f0c4a1be27d5936a0c4f1e2d3b4a596', 'hex')
const NOW = 1_795_347_266
const FLIGHT = flightOf(1751)
const END = { atHeader: false, says: [], end: 'fin' } as const
/** A front that refuses a name with access_denied. */
const REFUSING: SiteProfile = {
  flights: {},
  manners: {
    reactions: {},
    toUnknownName: { atHeader: false, says: [[0x15, '0231']], end: 'fin' },
    ccsTaken: 32,
    takes: 16_384,
    silences: [],
    silence: END,
  },
}

async function visit(plan: Partial<Plan>, domain: string | undefined, secret: Buffer = randomBytes(16)) {
  const scene = stage({ secret: SECRET, now: NOW, ...plan })
  const key = createSecretKey(secret)
  const hello = writeClientHello({ class: 'tdlib', domain, secret: key, unixSeconds: NOW }, randomBytes)
  scene.client.says(hello)
  await turn()
  if (scene.front.ending === 'open') scene.front.says(FLIGHT)
  await turn()
  return { ...scene, hello }
}

describe('a stranger who asks for a name that is not served', () => {
  test('meets the front where nothing else was said', async () => {
    const { client, counted } = await visit({}, 'other.example.net')
    expect(client.written).toEqual(FLIGHT)
    expect(counted('handshakes_total', 'unknown_sni')).toBe(1)
    expect(counted('front_connections_total', 'unknown_sni')).toBe(1)
  })

  test.each([
    ['unrecognized_name', undefined, '15030300020270'],
    ["the front's own alert", REFUSING, '15030300020231'],
  ])('is rejected with %s', async (_what, profile, alert) => {
    const { client, front } = await visit(
      { unknownName: 'reject', ...(profile && { profile }) },
      'other.example.net',
    )
    expect(client.written.toString('hex')).toBe(alert)
    expect(client.ending).toBe('destroyed')
    expect(front.ending).toBe('destroyed')
  })

  test('is dropped', async () => {
    const { client } = await visit({ unknownName: 'drop' }, 'other.example.net')
    expect(client.written).toHaveLength(0)
    expect(client.ending).toBe('destroyed')
  })

  test('is so with a hello that was used up as well', async () => {
    const scene = await visit({ unknownName: 'reject' }, 'other.example.net', SECRET)
    const again = scene.visit()
    again.client.says(scene.hello)
    await turn()
    expect(again.client.written.toString('hex')).toBe('15030300020270')
    expect(scene.counted('handshakes_total', 'replay')).toBe(1)
  })
})

describe('served all the same is', () => {
  test.each(['reject', 'drop'] as const)(
    'a stranger with a name of ours, or with none: %s',
    async (unknownName) => {
      for (const domain of ['www.example.org', undefined]) {
        const { client } = await visit({ unknownName }, domain)
        expect(client.written).toEqual(FLIGHT)
      }
    },
  )

  test('a user, whatever the name', async () => {
    const { client, counted } = await visit({ unknownName: 'drop' }, 'other.example.net', SECRET)
    expect(client.written).toHaveLength(FLIGHT.length)
    expect(counted('handshakes_total', 'ok')).toBe(1)
  })
})
