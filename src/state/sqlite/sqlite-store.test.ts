import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { batch, dayOf, totals, usageStoreCompliance } from '../../../test/compliance/usage-store.ts'
import { StoreError } from '../store.ts'
import { MIGRATIONS } from './migrations.ts'
import { openDatabase, openSnapshot } from './open-database.ts'
import { openSqliteStore } from './open-store.ts'
import { SqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'portico-store-'))
let files = 0
const newFile = () => join(folder, String(files++), 'usage.db')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

usageStoreCompliance('SQLite', () => {
  const path = newFile()
  return new SqliteStore(openDatabase(path), path)
})

usageStoreCompliance('SQLite, resilient', () =>
  openSqliteStore(newFile(), { now: () => 0, damaged: () => {} }),
)

function opened(path: string) {
  const damaged: string[] = []
  const clock = { now: 0 }
  const store = openSqliteStore(path, { now: () => clock.now, damaged: (aside) => damaged.push(aside) })
  return { store, damaged, clock }
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error)
  }
}

describe('the file', () => {
  test('belongs to its owner alone', async () => {
    const path = newFile()
    openDatabase(path).close()
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('outlives the store', async () => {
    const path = newFile()
    const first = opened(path).store
    await first.write(batch({ users: [totals('alice')], days: [dayOf('alice', 7)] }))
    await first.close()
    const second = opened(path).store
    expect(await second.load(7)).toEqual({
      users: [totals('alice')],
      days: [dayOf('alice', 7)],
      provisional: false,
    })
    await second.close()
  })
})

describe('versions of the schema', () => {
  test('an empty file and every earlier version are brought to the newest', () => {
    for (let version = 0; version <= MIGRATIONS.length; version++) {
      const path = newFile()
      mkdirSync(join(path, '..'))
      const made = new DatabaseSync(path)
      for (const step of MIGRATIONS.slice(0, version)) made.exec(step)
      made.exec(`PRAGMA user_version = ${version}`)
      made.close()
      const database = openDatabase(path)
      expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length })
      database.close()
    }
  })

  test('what was stored stays through a further step', async () => {
    const path = newFile()
    const store = new SqliteStore(openDatabase(path), path)
    await store.write(batch({ users: [totals('alice')] }))
    await store.close()
    const next = [...MIGRATIONS, 'ALTER TABLE user ADD COLUMN colour TEXT NOT NULL DEFAULT "grey"']
    const database = openDatabase(path, next)
    expect(database.prepare('SELECT name, up, colour FROM user').all()).toEqual([
      { name: 'alice', up: 10, colour: 'grey' },
    ])
    database.close()
  })

  test('a step that fails leaves the version before it', () => {
    const path = newFile()
    openDatabase(path).close()
    expect(codeOf(() => openDatabase(path, [...MIGRATIONS, 'CREATE TABLE a (b); NONSENSE']))).toBe(
      'unavailable',
    )
    const database = openDatabase(path)
    expect(database.prepare(`SELECT name FROM sqlite_master WHERE name = 'a'`).all()).toEqual([])
    database.close()
  })

  test('a newer one is left alone', async () => {
    const path = newFile()
    openDatabase(path, [...MIGRATIONS, 'CREATE TABLE later (a INTEGER)']).close()
    const before = readFileSync(path)
    const { store, damaged } = opened(path)
    await expect(store.load(0)).rejects.toMatchObject({
      code: 'newer_schema',
      fields: { version: MIGRATIONS.length + 1, known: MIGRATIONS.length },
    })
    await store.close()
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(damaged).toEqual([])
  })
})

describe('a damaged file', () => {
  test.each([
    ['of noise', () => Buffer.alloc(20_000, 'not a database ')],
    ['cut in the middle', (whole: Buffer) => whole.subarray(0, 3 * 4096 + 100)],
    ['with noise in its middle', (whole: Buffer) => Buffer.from(whole).fill(0xa5, 4096, 3 * 4096)],
  ])('%s is put aside and a new one begun', async (_, damage) => {
    const path = newFile()
    const before = new SqliteStore(openDatabase(path), path)
    const names = Array.from({ length: 500 }, (__, n) => `user-${n}`)
    await before.write(batch({ users: names.map((name) => totals(name)) }))
    await before.close()
    writeFileSync(path, damage(readFileSync(path)))

    const { store, damaged } = opened(path)
    expect((await store.load(0)).users).toEqual([])
    expect(damaged).toEqual([`${path}.corrupt`])
    expect(store.health).toMatchObject({ degraded: undefined, generation: 1 })
    await store.write(batch({ users: [totals('alice')] }))
    expect((await store.load(0)).users).toEqual([totals('alice')])
    await store.close()
  })

  test('that is found while running is replaced too', async () => {
    const path = newFile()
    const { store, damaged, clock } = opened(path)
    const names = Array.from({ length: 500 }, (__, n) => `user-${n}`)
    const rows = batch({ users: names.map((name) => totals(name)) })
    await store.write(rows)
    // Into the file at once, and damaged under the open store.
    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    other.close()
    writeFileSync(path, Buffer.from(readFileSync(path)).fill(0xa5, 4096))
    await store.write(rows)
    clock.now += 10_000
    await store.write(rows)
    expect(damaged).toEqual([`${path}.corrupt`])
    expect((await store.load(0)).users).toHaveLength(500)
    expect(store.health).toMatchObject({ degraded: undefined, generation: 1 })
    await store.close()
  })
})

/** A disk of its own, where this is allowed. */
function mountTmpfs(size: string): string | undefined {
  const path = mkdtempSync(join(folder, 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' })
    return path
  } catch {
    return undefined
  }
}

const disk = mountTmpfs('512k')
afterAll(() => {
  if (disk) execFileSync('umount', ['-l', disk])
})

describe.runIf(disk)('a disk of its own (only where mounting is allowed)', () => {
  const remount = (how: string) => execFileSync('mount', ['-o', `remount,${how}`, disk!])
  const ballast = join(disk ?? '', 'ballast')

  /** Until not a byte more goes in. */
  function fill(): void {
    for (const size of [1 << 16, 1 << 12]) {
      for (let n = 0; n < 200; n++) {
        try {
          writeFileSync(`${ballast}-${size}-${n}`, Buffer.alloc(size))
        } catch {
          break
        }
      }
    }
  }

  const empty = () => execFileSync('sh', ['-c', `rm -f ${ballast}-*`])
  const many = batch({ users: Array.from({ length: 300 }, (_, n) => totals(`user-${n}`)) })

  test('that is full: kept in memory, and written when there is room', async () => {
    const path = join(disk!, 'full', 'usage.db')
    const { store, clock } = opened(path)
    await store.write(batch({ users: [totals('alice')] }))
    fill()
    await store.write(many)
    expect(store.health.degraded).toMatchObject({ code: 'full' })
    await store.write(batch({ users: [totals('alice', { up: 11 })], days: [dayOf('alice', 9)] }))
    expect(await store.history('alice', 9, 9)).toEqual([dayOf('alice', 9)])
    empty()
    clock.now += 10_000
    await store.write(batch({ users: [totals('bob')] }))
    expect(store.health.degraded).toBeUndefined()
    await store.close()
    const again = opened(path).store
    const { users } = await again.load(9)
    expect(users).toHaveLength(302)
    expect(users).toContainEqual(totals('alice', { up: 11 }))
    await again.close()
  })

  test('that is read-only: what was known is read, and nothing is lost', async () => {
    const path = join(disk!, 'read-only', 'usage.db')
    const first = opened(path).store
    await first.write(batch({ users: [totals('alice')], days: [dayOf('alice', 9)] }))
    await first.close()
    remount('ro')
    const { store, clock } = opened(path)
    expect(await store.load(9)).toEqual({
      users: [totals('alice')],
      days: [dayOf('alice', 9)],
      provisional: true,
    })
    expect(store.health.degraded).toMatchObject({ code: 'read_only' })
    await store.write(batch({ users: [totals('alice', { down: 99 })] }))
    remount('rw')
    clock.now += 10_000
    await store.write(batch())
    expect(store.health.degraded).toBeUndefined()
    expect((await store.load(9)).users).toEqual([totals('alice', { down: 99 })])
    await store.close()
  })

  test('that turns read-only while it runs', async () => {
    const path = join(disk!, 'turning', 'usage.db')
    const { store, clock } = opened(path)
    await store.write(batch({ users: [totals('alice')] }))
    await store.close()
    remount('ro')
    await store.write(batch({ users: [totals('bob')] }))
    expect(store.health.degraded).toMatchObject({ code: 'read_only' })
    remount('rw')
    clock.now += 10_000
    await store.write(batch())
    expect((await store.load(0)).users.map(({ name }) => name).sort()).toEqual(['alice', 'bob'])
    await store.close()
  })
})

test('a file that is not there cannot be looked at', () => {
  expect(codeOf(() => openSnapshot(join(folder, 'nowhere', 'usage.db')))).toBe('unavailable')
})
