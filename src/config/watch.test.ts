import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FileWatch } from './watch.ts'

let dir: string
let file: string
let watch: FileWatch
let calls: number
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-watch-'))
  file = join(dir, 'portico.toml')
  writeFileSync(file, 'a')
  calls = 0
  watch = new FileWatch(() => calls++)
})
afterEach(() => {
  watch.stop()
  rmSync(dir, { recursive: true })
})

/** How often it was called, once nothing more comes: at least `expected` times is waited for. */
async function callsWhenQuiet(expected: number): Promise<number> {
  await vi.waitUntil(() => calls >= expected, { timeout: 10_000 })
  // What would come too often would come now.
  await sleep(400)
  return calls
}

test('a change in several steps is one; none is none', async () => {
  watch.follow([file])
  expect(await callsWhenQuiet(0)).toBe(0)
  writeFileSync(file, '')
  await sleep(30)
  writeFileSync(file, 'bb')
  expect(await callsWhenQuiet(1)).toBe(1)
  writeFileSync(`${file}.new`, 'cc')
  renameSync(`${file}.new`, file)
  expect(await callsWhenQuiet(2)).toBe(2)
})

test('a file that is not there yet, one that goes, and one that is known', async () => {
  const other = join(dir, 'people.toml')
  watch.follow([file, other])
  writeFileSync(other, 'x')
  expect(await callsWhenQuiet(1)).toBe(1)
  rmSync(other)
  expect(await callsWhenQuiet(2)).toBe(2)
  writeFileSync(file, 'known')
  watch.acknowledge()
  expect(await callsWhenQuiet(2)).toBe(2)
})

test('links behind links', async () => {
  for (const folder of ['one', 'two']) {
    mkdirSync(join(dir, folder))
    writeFileSync(join(dir, folder, 'portico.toml'), folder)
  }
  symlinkSync('one', join(dir, 'data'))
  rmSync(file)
  symlinkSync('data/portico.toml', file)
  watch.follow([file])
  symlinkSync('two', join(dir, 'data.new'))
  renameSync(join(dir, 'data.new'), join(dir, 'data'))
  expect(await callsWhenQuiet(1)).toBe(1)
  writeFileSync(join(dir, 'two', 'portico.toml'), 'changed')
  expect(await callsWhenQuiet(2)).toBe(2)
})
