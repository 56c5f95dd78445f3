import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EVENTS_PER_SECOND, LogFileError, openLog, portLog, relayLog } from './log.ts'
import { MAX_PENDING } from './log-sink.ts'
import { isLogMessage } from './port-log.ts'

let dir: string
let clock: number
const now = () => clock

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-log-'))
  clock = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const objectsOf = (file: string) => linesOf(file).map((line) => JSON.parse(line) as Record<string, unknown>)

function fileLog(level: 'debug' | 'info' = 'info') {
  const file = join(dir, 'log')
  return { file, log: openLog({ level, format: 'json', file }, { now }) }
}

describe('NDJSON', () => {
  test('one line, one object: level, time, fields, event', () => {
    const { file, log } = fileLog()
    log.info('listening', { addresses: ['[::]:443'], workers: 2 })
    log.error('a worker died')
    expect(linesOf(file)).toEqual([
      '{"level":"info","time":"2026-01-02T03:04:05.678Z","addresses":["[::]:443"],"workers":2,"event":"listening"}',
      '{"level":"error","time":"2026-01-02T03:04:05.678Z","event":"a worker died"}',
    ])
  })

  test('a line break in a field stays inside its line, a secret stays inside', () => {
    const { file, log } = fileLog()
    log.warn('odd name', { sni: 'a\n{"level":"error"}', secret: 'ee11', link: 'tg://proxy' })
    expect(objectsOf(file)).toEqual([
      {
        level: 'warn',
        time: '2026-01-02T03:04:05.678Z',
        sni: 'a\n{"level":"error"}',
        secret: '[hidden]',
        link: '[hidden]',
        event: 'odd name',
      },
    ])
  })

  test('the level changes while it runs', () => {
    const { file, log } = fileLog()
    log.debug('one')
    log.setLevel('debug')
    log.debug('two')
    log.setLevel('error')
    log.warn('three')
    expect(objectsOf(file).map(({ event }) => event)).toEqual(['two'])
  })
})

describe('destination', () => {
  test('a file that cannot be opened is a typed error', () => {
    const file = join(dir, 'no', 'such', 'folder')
    expect(() => openLog({ level: 'info', format: 'json', file })).toThrow(LogFileError)
    expect(() => openLog({ level: 'info', format: 'json', file })).toThrow(file)
  })

  test('after a rotation the new file gets the lines', () => {
    const { file, log } = fileLog()
    log.info('before')
    renameSync(file, `${file}.1`)
    log.info('between')
    log.reopen()
    log.info('after')
    expect(objectsOf(`${file}.1`).map(({ event }) => event)).toEqual(['before', 'between'])
    expect(objectsOf(file).map(({ event }) => event)).toEqual(['after'])
  })

  test('where the new file cannot be opened, the old one goes on and says so', () => {
    const folder = mkdtempSync(join(dir, 'logs-'))
    const log = openLog({ level: 'info', format: 'json', file: join(folder, 'log') }, { now })
    const moved = join(dir, 'moved')
    renameSync(folder, moved)
    log.reopen()
    log.info('still here')
    const [complaint, last] = objectsOf(join(moved, 'log'))
    expect(complaint).toMatchObject({ level: 'error', error: { code: 'ENOENT' } })
    expect(last).toMatchObject({ event: 'still here' })
  })

  test('a reader that has gone is survived in silence', () => {
    const fifo = makeFifo()
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
    const log = openLog({ level: 'info', format: 'json' }, { fd: writer, now })
    log.info('heard')
    const heard = Buffer.alloc(1000)
    expect(heard.toString('utf8', 0, readSync(reader, heard))).toContain('"event":"heard"')
    closeSync(reader)
    log.info('not heard')
    log.info('not heard either')
    log.flush()
    closeSync(writer)
  })

  test('a reader that does not read costs bounded memory, no line in pieces, and a word when it reads again', () => {
    const fifo = makeFifo()
    const pipe = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    const log = openLog({ level: 'info', format: 'json' }, { fd: pipe, now })
    const note = 'x'.repeat(2000)
    const written = Math.ceil((3 * MAX_PENDING) / 2000)
    for (let i = 0; i < written; i++) {
      clock += 1000
      log.info('full', { note })
    }
    let text = ''
    const chunk = Buffer.alloc(65_536)
    const drain = () => {
      for (;;) {
        try {
          text += chunk.toString('utf8', 0, readSync(pipe, chunk))
        } catch {
          return
        }
      }
    }
    for (let i = 0; i < 100; i++) {
      drain()
      log.flush()
    }
    log.info('after')
    drain()
    closeSync(pipe)
    const events = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events.at(-1)?.event).toBe('after')
    const lost = events.find(({ event }) => event === 'log lines were lost')
    expect(lost?.lines).toBe(written - events.length + 2)
    expect(text.length).toBeLessThan(MAX_PENDING + 100_000)
  })

  function makeFifo(): string {
    const fifo = join(dir, 'fifo')
    execFileSync('mkfifo', [fifo])
    return fifo
  }
})

describe('pretty', () => {
  function prettyText(write: (log: ReturnType<typeof openLog>) => void, colour = false): string {
    const file = join(dir, 'pretty')
    const fd = openSync(file, 'a')
    write(openLog({ level: 'debug', format: 'pretty' }, { fd, colour, now }))
    closeSync(fd)
    return readFileSync(file, 'utf8')
  }

  test('time, level, event, fields', () => {
    const text = prettyText((log) =>
      log.info('client connected', { user: 'alice', dc: 2, road: 'via here', tls: true }),
    )
    expect(text).toMatch(
      /^\d\d:\d\d:05\.678 info {2}client connected user=alice dc=2 road="via here" tls=true\n$/,
    )
  })

  test('colour only where it is wanted', () => {
    expect(prettyText((log) => log.warn('x', { a: 1 }), true)).toContain('\u001b[33mwarn ')
  })

  test('no field can command the terminal', () => {
    const text = prettyText((log) =>
      log.warn('hello\u001b]0;owned\u0007', { sni: '\u001b[2Jx\u009b31m\u202e', '\u001b[1m': 1 }),
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
    expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    expect(text).toContain('hello\\u001b]0;owned\\u0007 sni="\\u001b[2Jx\\u009b31m\\u202e"')
  })

  test('the stack of a bug has lines of its own', () => {
    const text = prettyText((log) => log.error('bug', { error: new TypeError('oops') }))
    expect(text).toMatch(/error bug error=\{"type":"TypeError","message":"oops"\}\n {6}at .*log\.test/)
  })

  test('auto is NDJSON away from a terminal and pretty on one', () => {
    const file = join(dir, 'auto')
    const fd = openSync(file, 'a')
    openLog({ level: 'info', format: 'auto' }, { fd, now }).info('plain')
    openLog({ level: 'info', format: 'auto' }, { fd, now, terminal: true, colour: false }).info('pretty')
    closeSync(fd)
    const [plain, pretty] = linesOf(file)
    expect(plain).toMatch(/^\{.*\}$/)
    expect(pretty).toMatch(/ info {2}pretty$/)
  })
})

describe('flood', () => {
  test('identical events are summed up after the first ones of a second', () => {
    const { file, log } = fileLog()
    for (let i = 0; i < EVENTS_PER_SECOND + 1234; i++) log.info('the front refused', { attempt: i })
    log.info('something else')
    clock += 1000
    log.info('next second')
    const events = objectsOf(file)
    expect(events.length).toBe(EVENTS_PER_SECOND + 3)
    expect(events[EVENTS_PER_SECOND]).toMatchObject({ event: 'something else' })
    expect(events[EVENTS_PER_SECOND + 1]).toMatchObject({
      event: 'the front refused',
      more: 1234,
      level: 'info',
    })
    expect(events.at(-1)).toMatchObject({ event: 'next second' })
  })

  test('what was held back goes out with a flush', () => {
    const { file, log } = fileLog()
    for (let i = 0; i < EVENTS_PER_SECOND + 5; i++) log.warn('x')
    log.flush()
    expect(objectsOf(file).at(-1)).toMatchObject({ event: 'x', more: 5 })
  })

  test('many different events are bounded too', () => {
    const { file, log } = fileLog()
    for (let i = 0; i < 5000; i++) log.info(`event ${i}`)
    log.flush()
    const events = objectsOf(file)
    expect(events.length).toBeLessThan(600)
    const seen = events.reduce((sum, { more }) => sum + (typeof more === 'number' ? more : 1), 0)
    expect(seen).toBe(5000)
  })
})

describe('portLog', () => {
  function worker(level: 'debug' | 'info' = 'debug') {
    const posted: unknown[] = []
    const port = { postMessage: (message: unknown) => posted.push(structuredClone(message)) }
    return { posted, log: portLog(port, { level, fields: { worker: 2 }, now }) }
  }

  test('posts plain data, with the fields of the worker', () => {
    const { posted, log } = worker()
    log.warn('odd', { socket: { on: () => 1, port: 5 }, key: 'x', error: new Error('e') })
    expect(posted).toEqual([
      {
        type: 'log',
        level: 'warn',
        event: 'odd',
        fields: {
          worker: 2,
          socket: { port: 5 },
          key: '[hidden]',
          error: { type: 'Error', message: 'e', stack: expect.any(String) },
        },
      },
    ])
  })

  test('what is below the level is not even posted', () => {
    const { posted, log } = worker('info')
    log.debug('a')
    log.setLevel('debug')
    log.debug('b')
    expect(posted.map((message) => (message as { event: string }).event)).toEqual(['b'])
  })

  test('the supervisor writes it, and loses no count of two guards', () => {
    const { posted, log } = worker()
    for (let i = 0; i < EVENTS_PER_SECOND + 100; i++) log.info('same')
    log.flush()
    const supervisor = fileLog()
    for (const message of posted) if (isLogMessage(message)) relayLog(supervisor.log, message)
    supervisor.log.flush()
    const events = objectsOf(supervisor.file)
    expect(events[0]).toMatchObject({ level: 'info', worker: 2, event: 'same' })
    expect(events.at(-1)).toMatchObject({ event: 'same', more: 100 })
  })

  test.each([null, 5, 'log', {}, { type: 'tick' }])('%j is no log message', (message) => {
    expect(isLogMessage(message)).toBe(false)
  })
})
