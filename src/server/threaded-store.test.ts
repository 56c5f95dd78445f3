import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { batch, totals, usageStoreCompliance } from '../../test/compliance/usage-store.ts'
import { waitFor } from '../../test/world/wait-for.ts'
import { ReplaySet } from '../access/replay-set.ts'
import type { StoreHealth } from '../state/resilient-store.ts'
import { allocateCounters, Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { openReplayMemory } from './replay-memory.ts'
import { replayFolder, usageFile } from './state-files.ts'
import { ThreadedStore, type ThreadedStoreDependencies } from './threaded-store.ts'

const SKEW = 600
const root = mkdtempSync(join(tmpdir(), 'portico-threaded-'))
let folders = 0
const newFolder = () => join(root, String(folders++))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const newSet = () => new SharedArrayBuffer(ReplaySet.bytes(SKEW, 256))

function open(dir: string, replays = newSet(), patience?: ThreadedStoreDependencies['patience']) {
  const told: StoreHealth[] = []
  const store = new ThreadedStore(
    { dir, replays, clockSkewSeconds: SKEW },
    { log: silent, health: (health) => told.push(health), ...(patience && { patience }) },
  )
  return { store, told }
}

usageStoreCompliance('SQLite in its thread', () => open(newFolder()).store)

describe('the thread of the store', () => {
  test('brings back the hellos of earlier runs', async () => {
    const dir = newFolder()
    const counters = new Counters(allocateCounters(1), 0)
    const now = Math.floor(Date.now() / 1000)
    const digests = [1, 2, 3].map((n) => Buffer.alloc(32, n))
    const earlier = openReplayMemory(
      { replays: newSet(), clockSkewSeconds: SKEW, dir },
      { counters, log: silent },
    )
    for (const digest of digests) expect(earlier.insert(digest, now)).toBe('fresh')
    expect(readdirSync(replayFolder(dir))).toHaveLength(1)

    const replays = newSet()
    const { store } = open(dir, replays)
    expect(await store.restoreHellos()).toBe(3)
    const set = new ReplaySet(replays, SKEW)
    for (const digest of digests) expect(set.insert(digest, now)).toBe('replay')
    expect(set.insert(Buffer.alloc(32, 4), now)).toBe('fresh')
    await store.close()
  })

  test('that hangs with its disk is asked nothing more, and goes on when the disk does', async () => {
    const dir = newFolder()
    mkdirSync(dir)
    // Opening it for writing waits for a reader, as a disk that hangs would.
    execFileSync('mkfifo', [usageFile(dir)])
    const soon = 300
    const patience = {
      load: soon,
      periodUsage: soon,
      write: soon,
      history: soon,
      prune: soon,
      close: soon,
      restoreHellos: soon,
    }
    const { store, told } = open(dir, newSet(), patience)
    await expect(store.load(0)).rejects.toMatchObject({ code: 'not_answering' })
    expect(store.hangs).toBe(true)
    expect(told.at(-1)).toMatchObject({ degraded: { code: 'not_answering' }, errors: 1 })
    await expect(store.write(batch())).rejects.toMatchObject({ code: 'not_answering' })
    expect(told).toHaveLength(1)

    const otherEnd = openSync(usageFile(dir), constants.O_RDWR)
    await waitFor('the late answer', () => !store.hangs)
    rmSync(usageFile(dir))
    closeSync(otherEnd)
    await store.write(batch({ users: [totals('alice')] }))
    await waitFor('the file', async () => {
      await store.write(batch())
      return store.health.degraded === undefined
    })
    expect((await store.load(0)).users).toEqual([totals('alice')])
    await store.close()
  })

  test('is replaced when it has ended, and what was stored is there', async () => {
    const dir = newFolder()
    const { store } = open(dir)
    await store.write(batch({ users: [totals('alice')] }))
    const { generation } = store.health
    await store.close()
    expect((await store.load(0)).users).toEqual([totals('alice')])
    expect(store.health.generation).not.toBe(generation)
    await store.close()
  })
})
