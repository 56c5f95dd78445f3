import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { deleteSegments, readSegments, SEGMENT_SECONDS, SegmentLog } from './segment-log.ts'

const root = mkdtempSync(join(tmpdir(), 'portico-segments-'))
let folders = 0
const newFolder = () => join(root, String(folders++))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const START = 1_700_000_100

function openLog(folder: string) {
  const clock = { now: START }
  const events: string[] = []
  const log = new SegmentLog(folder, {
    unixSeconds: () => clock.now,
    failed: (error) => events.push((error as NodeJS.ErrnoException).code ?? 'short'),
    recovered: () => events.push('recovered'),
  })
  return { log, clock, events }
}

const text = (folder: string) =>
  Buffer.concat(Array.from(readSegments(folder), (chunk) => Buffer.from(chunk))).toString()

describe('a log in segments', () => {
  test('holds nothing where there is no folder', () => {
    expect(text(newFolder())).toBe('')
    expect(deleteSegments(newFolder(), START)).toBe(0)
  })

  test('is read in the order of its segments, whoever wrote', () => {
    const folder = newFolder()
    const [one, two] = [openLog(folder), openLog(folder)]
    one.log.append(Buffer.from('a1 '))
    two.log.append(Buffer.from('a2 '))
    two.clock.now += SEGMENT_SECONDS
    two.log.append(Buffer.from('b1 '))
    one.log.append(Buffer.from('a3 '))
    expect(text(folder)).toBe('a1 a2 a3 b1 ')
    expect(readdirSync(folder)).toHaveLength(2)
    expect([...one.events, ...two.events]).toEqual([])
  })

  test('what was written is there without closing or syncing', () => {
    const folder = newFolder()
    const { log } = openLog(folder)
    log.append(Buffer.from('now'))
    expect(text(folder)).toBe('now')
  })

  test('deletes a segment when all of it is old', () => {
    const folder = newFolder()
    const { log, clock } = openLog(folder)
    log.append(Buffer.from('old '))
    clock.now += SEGMENT_SECONDS
    log.append(Buffer.from('new'))
    const border = START - (START % SEGMENT_SECONDS) + SEGMENT_SECONDS
    expect(deleteSegments(folder, border - 1)).toBe(0)
    expect(deleteSegments(folder, border)).toBe(1)
    expect(text(folder)).toBe('new')
    log.append(Buffer.from('er'))
    expect(text(folder)).toBe('newer')
  })

  test('files of another kind are left alone', () => {
    const folder = newFolder()
    openLog(folder).log.append(Buffer.from('mine'))
    writeFileSync(join(folder, 'notes.txt'), 'yours')
    writeFileSync(join(folder, '12x.log'), 'yours')
    expect(text(folder)).toBe('mine')
    expect(deleteSegments(folder, START * 2)).toBe(1)
    expect(readdirSync(folder).sort()).toEqual(['12x.log', 'notes.txt'])
  })

  test('a failure is told, hinders nobody, and is over when a write succeeds', () => {
    const folder = newFolder()
    writeFileSync(folder, 'a file where the folder should be')
    const { log, events } = openLog(folder)
    log.append(Buffer.from('lost'))
    log.append(Buffer.from('lost'))
    rmSync(folder)
    log.append(Buffer.from('kept'))
    log.append(Buffer.from('kept'))
    expect(events).toEqual(['EEXIST', 'EEXIST', 'recovered'])
    expect(text(folder)).toBe('keptkept')
  })

  test('a long segment comes in several chunks', () => {
    const folder = newFolder()
    const { log, clock } = openLog(folder)
    log.append(Buffer.from('x'))
    const name = `${clock.now - (clock.now % SEGMENT_SECONDS)}.log`
    appendFileSync(join(folder, name), Buffer.alloc((1 << 20) + 10, 'y'))
    expect([...readSegments(folder)].map((chunk) => chunk.length)).toEqual([1 << 20, 11])
  })
})
