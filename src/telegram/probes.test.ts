import { expect, test } from 'vitest'
import type { Endpoint } from '../net/endpoint.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { Probes } from './probes.ts'

const at = (host: string): Endpoint => ({ kind: 'tcp', host, port: 443 })
const INTERVAL = 60_000

function world({ answers = true } = {}) {
  const state = { now: 0, scarce: false, chance: 0.5 }
  const asked: string[] = []
  const told: string[] = []
  let release: (() => void)[] = []
  const upstreams = (names: readonly string[] | undefined) =>
    (names ?? ['direct']).map((name) => ({ name, kind: 'direct' }) as Upstream)
  const probes = new Probes(
    { interval: INTERVAL },
    {
      ways: (addresses, names) =>
        upstreams(names).flatMap((upstream) => addresses.map((endpoint) => ({ upstream, endpoint }))),
      ask: async (dc, { upstream, endpoint }) => {
        asked.push(`${dc} ${upstream.name} ${endpoint.kind === 'tcp' ? endpoint.host : ''}`)
        if (!answers) await new Promise<void>((resolve) => release.push(resolve))
        return { result: 'ok', milliseconds: 20 }
      },
      told: (dc, { name }, { result }) => told.push(`${dc} ${name} ${result}`),
      random: () => state.chance,
      now: () => state.now,
      isScarce: () => state.scarce,
    },
  )
  const pass = async (milliseconds: number) => {
    for (const end = state.now + milliseconds; state.now < end; state.now += 1000) {
      probes.tend()
      await Promise.resolve()
    }
  }
  const answerAll = () => {
    for (const one of release) one()
    release = []
  }
  return { probes, state, asked, told, pass, answerAll }
}

const road = (dc: number, ...hosts: string[]) => ({ dc, addresses: hosts.map(at) })

test('nobody is asked for whom no session has asked', async () => {
  const { asked, pass } = world()
  await pass(10 * INTERVAL)
  expect(asked).toEqual([])
})

test('every way to a centre in use is asked once an interval, not all at the same moment', async () => {
  const { probes, state, asked, told, pass } = world()
  probes.asked(road(2, 'a', 'b'), undefined)
  probes.asked(road(4, 'c'), ['proxy'])
  state.chance = 0.25
  await pass(INTERVAL / 2)
  expect(asked.toSorted()).toEqual(['2 direct a', '2 direct b', '4 proxy c'])
  await pass(INTERVAL)
  expect(asked).toHaveLength(6)
  await Promise.resolve()
  expect(told).toContain('4 proxy ok')
})

test('an hour after the last session nobody is asked any more', async () => {
  const { probes, asked, pass } = world()
  probes.asked(road(2, 'a'), undefined)
  await pass(3_600_000)
  const before = asked.length
  expect(before).toBeGreaterThan(50)
  await pass(3_600_000)
  expect(asked).toHaveLength(before)
})

test('few at once, none while descriptors are scarce, and none is told of after the end', async () => {
  const { probes, state, asked, told, pass, answerAll } = world({ answers: false })
  state.scarce = true
  probes.asked(road(2, 'a', 'b', 'c', 'd', 'e', 'f'), undefined)
  await pass(INTERVAL)
  expect(asked).toEqual([])
  state.scarce = false
  await pass(INTERVAL)
  expect(asked).toHaveLength(4)
  probes.close()
  answerAll()
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual([])
})

test('addresses that have changed are asked in place of the old ones', async () => {
  const { probes, asked, pass } = world()
  probes.asked(road(2, 'a'), undefined)
  await pass(INTERVAL)
  asked.length = 0
  probes.asked(road(2, 'b'), undefined)
  await pass(2 * INTERVAL)
  expect(new Set(asked)).toEqual(new Set(['2 direct b']))
})
