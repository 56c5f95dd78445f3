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
const PROFILE: SiteProfile = { flights: {} }

function hello(secret = SECRET): Buffer {
  const how = { class: 'tdlib', domain: 'www.example.org', unixSeconds: NOW } as const
  return writeClientHello({ ...how, secret: createSecretKey(secret) }, randomBytes)
}

async function greeted(plan: Partial<Plan>, secret = SECRET) {
  const scene = stage({ secret: SECRET, now: NOW, ...plan })
  scene.client.says(hello(secret))
  await turn()
  return scene
}

describe('the search for a user, beside a front on the same host', () => {
  test('few users are tried at once', async () => {
    expect((await greeted({ others: 90 })).isLearned()).toBe(true)
  })

  test('among many the front has the cores until it answers', async () => {
    const scene = await greeted({ others: 300 })
    expect(scene.isLearned()).toBe(false)
    scene.front.says(FLIGHT)
    await turn()
    expect(scene.isLearned()).toBe(true)
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })

  test('whoever is known from there is not searched', async () => {
    const scene = stage({ secret: SECRET, now: NOW, others: 300 })
    scene.learn()
    scene.client.says(hello())
    await turn()
    scene.front.says(FLIGHT)
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
    expect(scene.searchedLater()).toBe(0)
  })

  test('a front that is silent for longer than an answer takes to compute has no claim to them', async () => {
    const scene = await greeted({ others: 300 })
    scene.wheel.advance(200)
    await turn()
    expect(scene.isLearned()).toBe(true)
  })

  test('a front that is gone neither', async () => {
    const scene = await greeted({ others: 300 })
    scene.front.fails('ECONNREFUSED')
    await turn()
    expect(scene.isLearned()).toBe(true)
  })

  test('for a client that is gone it goes on later', async () => {
    const scene = await greeted({ others: 300 })
    scene.client.fails('ECONNRESET')
    await turn()
    expect(scene.isLearned()).toBe(false)
    expect(scene.searchedLater()).toBe(1)
  })

  // The first 16 take what their looks at the clock say.
  test('an answer is held while that is long enough for all who are left', async () => {
    const scene = await greeted({ others: 150, pace: 0.04 })
    scene.front.says(FLIGHT)
    await turn()
    expect(scene.counted('handshakes_total', 'ok')).toBe(1)
  })

  test('and not for a moment where it is not', async () => {
    const scene = await greeted({ others: 300, pace: 0.04 })
    scene.front.says(FLIGHT)
    expect(scene.client.written).toEqual(FLIGHT)
    expect(scene.searchedLater()).toBe(1)
  })

  test('but is worth its time where the front is gone', async () => {
    const scene = stage({ secret: SECRET, now: NOW, others: 300, pace: 0.04, profile: PROFILE })
    scene.front.fails('ECONNREFUSED')
    scene.client.says(hello())
    await turn()
    expect(scene.isLearned()).toBe(true)
  })

  test('a stranger’s answer is held no longer than it may be', async () => {
    const scene = await greeted({ others: 300 }, randomBytes(16))
    scene.front.says(FLIGHT)
    scene.wheel.advance(50)
    await turn()
    expect(scene.client.written).toEqual(FLIGHT)
    expect(scene.searchedLater()).toBe(1)
  })
})
