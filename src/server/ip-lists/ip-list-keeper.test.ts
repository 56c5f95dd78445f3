import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NOT_AMONG_ONLY } from '../../access/ip-list/ip-lists.ts'
import type { Config } from '../../config/schema.ts'
import { fetchText } from '../../net/fetch-text.ts'
import { IpListKeeper, type PublishedLists } from './ip-list-keeper.ts'
import { ListHits } from './list-hits.ts'
import { listMetrics } from './list-metrics.ts'
import { ListedAddresses } from './listed-addresses.ts'

/** Other work of this machine may take a second. */
const poll = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 })

let dir: string
const ends: (() => void)[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-lists-'))
})

afterEach(() => {
  for (const end of ends.splice(0)) end()
  rmSync(dir, { recursive: true, force: true })
})

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.netset`, server }
}

/** A keeper and two workers; refreshes are quick. */
async function start(lists: Partial<Config['lists']>, after = 0) {
  const inForce = new SharedArrayBuffer(4)
  const line = () => vi.fn<(event: string, fields?: { code?: string }) => void>()
  const log = { debug: line(), info: line(), warn: line(), error: line() }
  const announced: PublishedLists[] = []
  const workers: ListedAddresses[] = []
  const hits = new ListHits(new SharedArrayBuffer(ListHits.bytes(2)))
  const options = { block: [], only: [], refresh: 100, then: 'front' as const, ...lists }
  const keeper = new IpListKeeper(
    { lists: options, dir: join(dir, 'lists'), inForce, after },
    {
      log,
      fetchText,
      announce: (published) => {
        announced.push(published)
        for (const worker of workers) worker.offer(published)
      },
    },
  )
  ends.push(() => keeper.stop())
  await keeper.begin()
  for (const index of [1, 2]) {
    const published = keeper.published
    workers.push(new ListedAddresses({ published, inForce }, { hit: (list) => hits.add(index, list) }))
  }
  const warned = () => log.warn.mock.calls.map(([event, fields]) => `${event}: ${fields?.code ?? ''}`)
  return {
    keeper,
    workers: workers as [ListedAddresses, ListedAddresses],
    inForce,
    warned,
    announced,
    hits,
    log,
  }
}

const FEW = '192.0.2.0/24\n'
const MANY = Array.from({ length: 20 }, (_, i) => `10.0.${i}.1\n`).join('')

describe('a list from a URL', () => {
  test('that is the same again is announced once only', async () => {
    let asked = 0
    const { url } = await serve((_request, response) => {
      asked++
      response.end(FEW)
    })
    const { announced, keeper } = await start({ block: [url] })
    await poll(() => asked).toBeGreaterThan(3)
    expect(announced).toHaveLength(2)
    expect(keeper.lists[0]!.age).toBeLessThan(60)
  })

  test('is fetched, and is there at once after a restart without a network', async () => {
    const { url, server } = await serve((_request, response) => {
      response.end(FEW)
    })
    const first = await start({ block: [url] })
    await poll(() => first.workers[0].refuse('192.0.2.7')).toBe(true)
    await poll(() => readdirSync(join(dir, 'lists'))).toHaveLength(1)
    first.keeper.stop()
    server.close()
    server.closeAllConnections()
    const second = await start({ block: [url] })
    expect(second.workers[0].refuse('192.0.2.7')).toBe(true)
    expect(second.keeper.trouble).toBeUndefined()
    await poll(second.warned).toContain('ip list: not refreshed, what was good stays: unreachable')
    expect(second.workers[0].refuse('192.0.2.7')).toBe(true)
  })

  test('is asked for conditionally, also after a restart; "the same" makes it fresh', async () => {
    const asked: (string | undefined)[] = []
    const { url } = await serve(({ headers }, response) => {
      asked.push(headers['if-none-match'])
      response.writeHead(headers['if-none-match'] === '"1"' ? 304 : 200, { etag: '"1"' })
      response.end(headers['if-none-match'] === '"1"' ? undefined : FEW)
    })
    const first = await start({ block: [url] })
    await poll(() => asked.length).toBeGreaterThan(1)
    first.keeper.stop()
    expect(asked.slice(0, 2)).toEqual([undefined, '"1"'])
    asked.length = 0
    const second = await start({ block: [url] })
    await poll(() => asked).not.toEqual([])
    expect(asked[0]).toBe('"1"')
    await poll(() => second.keeper.lists[0]!.age).toBeLessThan(0.5)
    expect(second.announced).toHaveLength(1)
    rmSync(join(dir, 'lists'), { recursive: true })
    await poll(() => existsSync(join(dir, 'lists')) && readdirSync(join(dir, 'lists'))).toHaveLength(1)
  })

  test.each([
    ['status 500', 500, 'sorry', 'bad_status'],
    ['a page', 200, '<html>10.0.0.1</html>', 'html'],
    ['nothing', 200, '', 'empty'],
    ['a list that lost everything', 200, '# none\n', 'no_entries'],
    ['prose', 200, 'rate limit exceeded\n', 'mostly_bad_lines'],
    ['far too much', 200, '#'.repeat(17 * 1024 * 1024), 'too_long'],
  ])('%s does not replace a good one', async (_name, status, body, code) => {
    let isGood = true
    const { url } = await serve((_request, response) => {
      response.writeHead(isGood ? 200 : status)
      response.end(isGood ? MANY : body)
    })
    const { workers, warned, keeper } = await start({ block: [url] })
    await poll(() => workers[0].refuse('10.0.3.1')).toBe(true)
    isGood = false
    await poll(warned).toContain(`ip list: not refreshed, what was good stays: ${code}`)
    expect(workers[0].refuse('10.0.3.1')).toBe(true)
    expect(keeper.lists[0]!.entries).toBe(20)
  })

  test('with bad lines is taken, and says how many', async () => {
    const { url } = await serve((_request, response) => {
      response.end('192.0.2.1\n192.0.2.2\nexample.org\n')
    })
    const { workers, log } = await start({ block: [url] })
    await poll(() => workers[0].refuse('192.0.2.2')).toBe(true)
    const fields = { list: 'list', lines: 1, first: 3 }
    expect(log.warn).toHaveBeenCalledWith('ip list: lines were skipped', fields)
  })

  test('that could never be read: block lets everybody in, only nobody, and health says so', async () => {
    const block = await start({ block: ['http://127.0.0.1:1/a.netset'] })
    expect(block.workers[0].refuse('192.0.2.1')).toBe(false)
    expect(block.keeper.trouble).toBe('ip lists that could never be read: a')
    const only = await start({ only: ['http://127.0.0.1:1/a.netset'] })
    expect(only.workers[0].refuse('192.0.2.1')).toBe(true)
  })

  test('its location is in no log line', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(403)
      response.end()
    })
    const { log, warned } = await start({ block: [`${url}?key=token`] })
    await poll(() => warned().length).toBeGreaterThan(0)
    expect(JSON.stringify([log.info.mock.calls, log.warn.mock.calls])).not.toMatch(/token|127\.0\.0\.1/)
  })
})

describe('a list in a file', () => {
  const file = () => join(dir, 'mine.netset')

  test('is there before anybody listens, and follows every change', async () => {
    writeFileSync(file(), FEW)
    const { workers } = await start({ block: [file()] })
    expect(workers[0].refuse('192.0.2.1')).toBe(true)
    writeFileSync(file(), '198.51.100.1')
    await poll(() => workers[0].refuse('198.51.100.1')).toBe(true)
    expect(workers[0].refuse('192.0.2.1')).toBe(false)
  })

  test('may become empty if it says so, but not by losing its bytes', async () => {
    writeFileSync(file(), MANY)
    const { workers, warned } = await start({ block: [file()] })
    writeFileSync(file(), '')
    await poll(warned).toEqual(['ip list: not read, what was good stays: empty'])
    expect(workers[0].refuse('10.0.3.1')).toBe(true)
    writeFileSync(file(), '# nobody')
    await poll(() => workers[0].refuse('10.0.3.1')).toBe(false)
  })

  test('that is gone or no file is said once; its copy stays, also after a restart', async () => {
    writeFileSync(file(), FEW)
    const first = await start({ block: [file()] })
    rmSync(file())
    await expect.poll(first.warned).toEqual(['ip list: not read, what was good stays: ENOENT'])
    expect(first.workers[0].refuse('192.0.2.1')).toBe(true)
    first.keeper.stop()
    mkdirSync(file())
    const second = await start({ block: [file()] })
    expect(second.workers[0].refuse('192.0.2.1')).toBe(true)
    expect(second.warned()).toEqual(['ip list: not read, what was good stays: not_a_file'])
  })
})

describe('a new state', () => {
  test('is used by all workers at the same moment, and each then looks at its sessions once', async () => {
    const { workers, inForce } = await start({})
    const [one, other] = workers
    const published = { generation: 7, lists: [{ rule: 'only' as const, ranges: undefined }] }
    one.offer(published)
    expect(one.refuse('192.0.2.1')).toBe(false)
    expect(one.newlyRefused()).toBeUndefined()
    other.offer(published)
    Atomics.store(new Int32Array(inForce), 0, 7)
    for (const worker of workers) {
      expect(worker.newlyRefused()?.('192.0.2.1')).toBe(true)
      expect(worker.newlyRefused()).toBeUndefined()
      expect(worker.refuse('192.0.2.1')).toBe(true)
    }
    one.offer({ generation: 6, lists: [] })
    expect(one.refuse('192.0.2.1')).toBe(true)
  })
})

describe('what a keeper has at the start', () => {
  test('is announced as one state, which follows that of the keeper before', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), FEW)
    const all = ['a', 'b', 'c'].map((name) => join(dir, name))
    const { announced } = await start({ only: all })
    expect(announced).toHaveLength(1)
    expect(announced[0]?.lists.every(({ ranges }) => ranges !== undefined)).toBe(true)
    const next = await start({}, 41)
    expect(next.announced).toEqual([{ generation: 42, lists: [] }])
  })
})

describe('metrics', () => {
  test('entries, age and hits by the names of the lists', async () => {
    writeFileSync(join(dir, 'bad.netset'), '192.0.2.1\n192.0.2.2\n')
    writeFileSync(join(dir, 'good.netset'), '198.51.100.0/24')
    const [bad, good] = [join(dir, 'bad.netset'), join(dir, 'good.netset')]
    const { keeper, workers, hits } = await start({ block: [bad, join(dir, 'no')], only: [good] })
    for (const worker of workers) worker.refuse('192.0.2.1')
    workers[1].refuse('203.0.113.1')
    workers[1].refuse('198.51.100.1')
    const shown = listMetrics(keeper.lists, hits).map(({ name, samples }) => [
      name,
      samples().map(({ labels, value }) => [labels.list, Math.floor(value)]),
    ])
    expect(shown).toEqual([
      [
        'ip_list_entries',
        [
          ['bad', 2],
          ['no', 0],
          ['good', 1],
        ],
      ],
      [
        'ip_list_age_seconds',
        [
          ['bad', 0],
          ['no', Number.POSITIVE_INFINITY],
          ['good', 0],
        ],
      ],
      [
        'ip_list_hits_total',
        [
          ['bad', 2],
          ['no', 0],
          ['only', 1],
        ],
      ],
    ])
    expect(hits.total(NOT_AMONG_ONLY)).toBe(1)
  })

  test('none without lists', async () => {
    const { keeper, hits } = await start({})
    expect(listMetrics(keeper.lists, hits)).toEqual([])
    expect(keeper.trouble).toBeUndefined()
  })
})
