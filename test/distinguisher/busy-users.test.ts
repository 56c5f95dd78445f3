// needs: openssl
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BusyUsers, whyIdle } from '../../bench/distinguisher/layers/busy-users.ts'
import { HELP, readOptions, WrongOption } from '../../bench/distinguisher/options.ts'
import { markdown } from '../../bench/distinguisher/report/markdown.ts'
import type { Run } from '../../bench/distinguisher/results.ts'
import { whyVoid } from '../../bench/distinguisher/verdict.ts'
import { secretOf, userName } from '../../bench/load/crowd.ts'
import { inScene } from '../probes/scene.ts'
import { metricSum } from '../world/metrics.ts'
import { waitFor } from '../world/wait-for.ts'

const USERS = 30
const SESSIONS = 8
const BUSY = { sessions: 200, alive: 200, messages: 5000, bytes: 4e7, seconds: 30, quiet: 900 }

test('busy users talk and download through portico all the time; those that are cut off are told', async () => {
  const crew = await BusyUsers.start()
  const users = Object.fromEntries(Array.from({ length: USERS }, (_, at) => [userName(at), secretOf(at)]))
  try {
    await inScene('Bun', { dataCentres: crew.dataCentres, users }, async ({ portico }) => {
      const crowd = { users: USERS, sessions: SESSIONS }
      await crew.begin(portico, crowd)
      await waitFor('sessions', async () => {
        const metrics = await portico.metrics()
        return metricSum(metrics, 'portico_sessions') === SESSIONS
      })
      await sleep(1500)
      const busy = await crew.end()
      expect(busy).toMatchObject({ sessions: SESSIONS, alive: SESSIONS })
      expect(whyIdle(busy)).toEqual([])
      // One downloads, the others say at least a message a second.
      expect(busy.messages).toBeGreaterThan(SESSIONS)
      expect(busy.bytes).toBeGreaterThan(500_000)

      await crew.begin(portico, crowd)
      await portico.kill9()
      await sleep(1000)
      const cut = await crew.end()
      // What the kernel holds of the download is read for some seconds more.
      expect(cut.alive).toBeLessThanOrEqual(1)
      expect(whyIdle(cut).join()).toMatch(/busy sessions were lost/)
    })
  } finally {
    crew.stop()
  }
})

test('a matrix whose busy sessions were not is void, and its report says so', () => {
  const run = (busy: typeof BUSY & { lost?: string }): Run => ({
    command: '',
    machine: '',
    seed: 1,
    minutes: 1,
    fronts: [
      {
        front: 'bun',
        classes: [],
        probes: { rows: 378, rounds: 20, users: 10_000, busy, differences: [] },
      },
    ],
  })
  expect(whyVoid(run(BUSY))).toEqual([])
  expect(markdown(run(BUSY), [], new Map())).toContain(
    '378 rows, 20 rounds, 10,000 users, 200 busy sessions: none differs.',
  )
  const lost = { ...BUSY, alive: 199, lost: 'ended by the other side' }
  for (const idle of [lost, { ...BUSY, quiet: 12_000 }]) {
    expect(whyVoid(run(idle)).join()).toMatch(/^probe matrix before bun: /)
    expect(markdown(run(idle), [], new Map())).toContain('**Void**')
  }
})

test('each busy session is a user of its own, and the prober is one', () => {
  expect(HELP).toContain('--probe-busy')
  const args = (users: number, busy: number) => ['--probe-users', `${users}`, '--probe-busy', `${busy}`]
  expect(readOptions(args(201, 200))).toMatchObject({ probeUsers: 201, probeBusy: 200 })
  expect(readOptions([])).toMatchObject({ probeUsers: 1, probeBusy: 0 })
  for (const wrong of [args(200, 200), args(0, 0)]) expect(() => readOptions(wrong)).toThrow(WrongOption)
})
