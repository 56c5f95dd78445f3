import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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

const FAR_FUTURE = START * 2
const segmentOf = (now: number) => now - (now % SEGMENT_SECONDS)

const text = (folder: string, nowSeconds = FAR_FUTURE) =>
  Buffer.concat(Array.from(readSegments(folder, nowSeconds), (chunk) => Buffer.from(chunk))).toString()

const keep = (folder: string, keepBytes: number, nowSeconds = FAR_FUTURE) =>
  deleteSegments(folder, { keepBytes, nowSeconds })

describe('a log in segments', () => {
  test('holds nothing where there is no folder', () => {
    expect(text(newFolder())).toBe('')
    expect(keep(newFolder(), 1)).toBe(0)
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

  test('deletes the oldest when those after it hold enough', () => {
    const folder = newFolder()
    const { log, clock } = openLog(folder)
    for (const word of ['one ', 'two ', 'three ']) {
      log.append(Buffer.from(word))
      clock.now += SEGMENT_SECONDS
    }
    expect(keep(folder, 'two three '.length + 1)).toBe(0)
    expect(keep(folder, 'two three '.length)).toBe(1)
    expect(text(folder)).toBe('two three ')
    // The last is never deleted: somebody may be writing it.
    expect(keep(folder, 1)).toBe(1)
    clock.now -= SEGMENT_SECONDS
    log.append(Buffer.from('and more'))
    expect(text(folder)).toBe('three and more')
  })

  test('keeps two months of busy hours, also in the short segments of earlier versions', () => {
    const folder = newFolder()
    mkdirSync(folder)
    const hours = 1450
    const first = segmentOf(START)
    for (let hour = 0; hour < hours; hour++) writeFileSync(join(folder, `${first + hour * 3600}.log`), 'x')
    const last = first + (hours - 1) * 3600
    for (let at = 300; at < 3600; at += 300) writeFileSync(join(folder, `${last + at}.log`), 'x')
    expect(keep(folder, 1e9)).toBe(10)
    expect(readdirSync(folder)).toHaveLength(1440 + 11)
  })

  test('a clock that was wrong for a while takes nothing away, and what was written then counts as old', () => {
    const folder = newFolder()
    const { log, clock } = openLog(folder)
    const year = 365 * 86_400
    log.append(Buffer.from('right '))
    clock.now = START + year
    log.append(Buffer.from('ahead '))
    expect(keep(folder, 1000, clock.now)).toBe(0)
    expect(text(folder, clock.now)).toBe('right ahead ')
    clock.now = 0
    log.append(Buffer.from('from boot '))
    expect(keep(folder, 1000, clock.now)).toBe(0)
    expect(text(folder, clock.now)).toBe('right ahead from boot ')
    clock.now = START + SEGMENT_SECONDS
    log.append(Buffer.from('right again '))
    expect(text(folder, clock.now)).toBe('ahead from boot right right again ')
    expect(keep(folder, 'right right again '.length, clock.now)).toBe(2)
    expect(text(folder, clock.now)).toBe('right right again ')
  })

  test('files of another kind are left alone', () => {
    const folder = newFolder()
    openLog(folder).log.append(Buffer.from('mine'))
    writeFileSync(join(folder, 'notes.txt'), 'yours')
    writeFileSync(join(folder, '12x.log'), 'yours')
    expect(text(folder)).toBe('mine')
    const { log, clock } = openLog(folder)
    clock.now += SEGMENT_SECONDS
    log.append(Buffer.from(' newer'))
    expect(keep(folder, 1)).toBe(1)
    expect(readdirSync(folder).sort()).toEqual(['12x.log', `${segmentOf(clock.now)}.log`, 'notes.txt'])
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
    appendFileSync(join(folder, `${segmentOf(clock.now)}.log`), Buffer.alloc((1 << 20) + 10, 'y'))
    expect([...readSegments(folder, FAR_FUTURE)].map((chunk) => chunk.length)).toEqual([1 << 20, 11])
  })
})
