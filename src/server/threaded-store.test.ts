import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { batch, totals, usageStoreCompliance } from '../../test/compliance/usage-store.ts'
import { waitFor } from '../../test/world/wait-for.ts'
import { REPLAY_RECORD } from '../access/replay-log.ts'
import { ReplayMemory } from '../access/replay-memory.ts'
import type { StoreHealth } from '../state/resilient-store.ts'
import { allocateCounters, Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { openReplayMemory } from './replay-memory.ts'
import { initFolder, replayFolder, usageFile } from './state-files.ts'
import { ThreadedStore, type ThreadedStoreDependencies } from './threaded-store.ts'

const root = mkdtempSync(join(tmpdir(), 'portico-threaded-'))
let folders = 0
const newFolder = () => join(root, String(folders++))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const newMemory = () => new SharedArrayBuffer(ReplayMemory.bytes(256))

function open(dir: string, replays = newMemory(), patience?: ThreadedStoreDependencies['patience']) {
  const told: StoreHealth[] = []
  const inits = newMemory()
  const store = new ThreadedStore(
    { dir, replays, inits },
    { log: silent, health: (health) => told.push(health), ...(patience && { patience }) },
  )
  return { store, told, inits: new ReplayMemory(inits) }
}

usageStoreCompliance('SQLite in its thread', () => open(newFolder()).store)

describe('the thread of the store', () => {
  test('brings back what was let in in earlier runs, whenever that was', async () => {
    const dir = newFolder()
    const counters = new Counters(allocateCounters(1), 0)
    const remembering = (folder: string, what: 'hellos' | 'inits') =>
      openReplayMemory({ shared: newMemory(), folder, what }, { counters, log: silent })
    const [hello, init, other] = [1, 2, 3].map((n) => Buffer.alloc(32, n))
    const now = Math.floor(Date.now() / 1000)
    expect(remembering(replayFolder(dir), 'hellos').insert(hello!, now)).toBe('fresh')
    expect(remembering(initFolder(dir), 'inits').insert(init!, now)).toBe('fresh')
    for (const folder of [replayFolder(dir), initFolder(dir)]) {
      const [name] = readdirSync(folder)
      renameSync(join(folder, name!), join(folder, `${now - 50 * 86_400}.log`))
    }

    const replays = newMemory()
    const { store, inits } = open(dir, replays)
    expect(await store.restoreReplays()).toEqual({ hellos: 1, inits: 1 })
    const hellos = new ReplayMemory(replays)
    expect([hello, other].map((mark) => hellos.insert(mark!))).toEqual(['replay', 'fresh'])
    expect([init, other].map((mark) => inits.insert(mark!))).toEqual(['replay', 'fresh'])
    await store.close()
  })

  test('keeps of the log what the memory can hold', async () => {
    const dir = newFolder()
    const folder = replayFolder(dir)
    mkdirSync(folder, { recursive: true })
    // Four rings of 80.
    const records = 320 * REPLAY_RECORD
    for (const [name, bytes] of [
      [3600, 1],
      [7200, 1],
      [10_800, records - 1],
      [14_400, 1],
    ] as const)
      writeFileSync(join(folder, `${name}.log`), Buffer.alloc(bytes))
    const { store } = open(dir)
    await store.restoreReplays()
    expect(readdirSync(folder)).toEqual(['10800.log', '14400.log'])
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
      restoreReplays: soon,
    }
    const { store, told } = open(dir, newMemory(), patience)
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
