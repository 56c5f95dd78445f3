import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { parseLink } from '../../protocol/link.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const CONFIG = `listen = "1443"
public_host = "p.example.org"
[front]
domain = "www.example.org" # the site
address = "127.0.0.1:8443"

# people
[users.alice] # first
secret = "${KEY}" # hers
tags = ["family"]

[plans.basic]
sessions = 20
`

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-user-'))
  file = join(dir, 'portico.toml')
  writeFileSync(file, CONFIG, { mode: 0o600 })
})
afterEach(() => rmSync(dir, { recursive: true }))

const ENV = { PATH: process.env.PATH ?? '', TERM: 'xterm' }

function portico(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    cwd: dir,
    env: ENV,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** At a terminal of 80 columns. */
function atTerminal(...words: string[]) {
  const line = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ')
  const { status, stdout } = spawnSync('script', ['-qec', `stty cols 80; ${line}`, '/dev/null'], {
    cwd: dir,
    env: ENV,
    encoding: 'utf8',
  })
  return { status, stdout }
}

const text = () => readFileSync(file, 'utf8')

function users() {
  const loaded = loadConfig(file, {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config.users
}

describe('user add', () => {
  test('writes one table and prints the link', () => {
    const { status, stdout, stderr } = portico(
      'user',
      'add',
      'bob',
      '--plan',
      'basic',
      '--tag',
      'x',
      'quota=100 GiB/week',
    )
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'portico is not running: it takes effect at the next start.\n',
    })
    const { bob } = users()
    expect(bob).toMatchObject({ plan: 'basic', tags: ['x'], sessions: 20, quota: { period: 'week' } })
    const [tg = ''] = stdout.match(/tg:\S+/) ?? []
    expect(parseLink(tg)).toMatchObject({
      ok: true,
      link: { secret: { key: Buffer.from(bob!.secret, 'hex') } },
    })
    expect(text().startsWith(CONFIG.slice(0, CONFIG.indexOf('[plans')))).toBe(true)
  })

  test('numbers many, behind those that are there', () => {
    expect(portico('user', 'add', 'guest', '--count', '3').status).toBe(0)
    const { status, stdout } = portico('user', 'add', 'guest', '--count', '2', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      users: [{ user: 'guest-4' }, { user: 'guest-5' }],
      effect: { running: false },
    })
    expect(Object.keys(users())).toHaveLength(6)
  })

  test('takes a table', () => {
    const csv =
      'name,secret,tags,sessions,note\r\nbob,,a b,5,"one, ""two"""\ncarl,00112233445566778899aabbccddeeff,,,\n'
    writeFileSync(join(dir, 'people.csv'), csv)
    expect(portico('user', 'add', '--csv', 'people.csv', '--tag', 'x').status).toBe(0)
    expect(users().bob).toMatchObject({ tags: ['a', 'b'], sessions: 5, note: 'one, "two"' })
    expect(users().carl).toMatchObject({ secret: '00112233445566778899aabbccddeeff', tags: ['x'] })
  })

  test.each([
    [['alice'], 64, 'There is a user "alice" already'],
    [[], 64, 'Which users?'],
    [['bob', 'sesions=5'], 64, 'did you mean "sessions"?'],
    [['bob', 'sessions=0'], 78, 'users.bob.sessions: at least 1 is needed'],
    [['bob', '--plan', 'basci'], 78, 'did you mean "basic"?'],
    [['bob', '--secret', KEY], 78, 'the same secret as that of user "alice"'],
    [['bob', '--secret', 'abc'], 64, 'needs 32 hexadecimal digits'],
    [['b b'], 78, "a user's name is"],
  ])('%j is refused, and nothing is written', (words, status, message) => {
    const result = portico('user', 'add', ...words)
    expect(result).toMatchObject({ status, stdout: '', stderr: expect.stringContaining(message) })
    expect(text()).toBe(CONFIG)
  })
})

describe('users who are there', () => {
  test('rotate: the old secret works for a while, then is forgotten', () => {
    expect(portico('user', 'rotate', 'alice', '--overlap', '7d').status).toBe(0)
    const [old] = users().alice?.previous ?? []
    expect(old?.secret).toBe(KEY)
    expect(Math.abs((old?.until ?? 0) - Date.now() - 7 * 86_400_000)).toBeLessThan(60_000)
    expect(text()).toContain('# hers\n')
    writeFileSync(file, text().replace(/until = [^ ]+/, 'until = 2020-01-01T00:00:00Z'))
    expect(portico('user', 'rotate', 'alice').status).toBe(0)
    expect(users().alice?.previous).toEqual([])
    expect(text()).not.toContain('previous')
  })

  test('set, disable and enable, by name, tag and plan', () => {
    portico('user', 'add', 'bob', '--plan', 'basic')
    expect(portico('user', 'set', 'alice', 'quota.bytes=5 GiB', 'quota.period=day', 'note=hi').status).toBe(0)
    expect(users().alice).toMatchObject({ quota: { bytes: 5 * 2 ** 30, period: 'day' }, note: 'hi' })
    expect(portico('user', 'set', '--plan', 'basic', 'sessions=7', 'expires=30d').status).toBe(0)
    expect(users().bob?.sessions).toBe(7)
    expect(portico('user', 'set', 'alice', 'quota=', 'note=').status).toBe(0)
    expect(users().alice?.quota).toBeUndefined()
    expect(portico('user', 'disable', '--tag', 'family')).toMatchObject({
      status: 0,
      stdout: 'alice is disabled\n',
    })
    expect(users().alice?.enabled).toBe(false)
    expect(portico('user', 'enable', 'alice', 'bob', '--json').status).toBe(0)
    expect(users().alice?.enabled).toBe(true)
  })

  test('remove', () => {
    portico('user', 'add', 'bob', 'carl')
    expect(portico('user', 'remove', 'bob', 'carl')).toMatchObject({
      stdout: 'bob is removed\ncarl is removed\n',
    })
    expect(text()).toBe(CONFIG)
    expect(portico('user', 'remove', 'alcie')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('did you mean "alice"?'),
    })
    expect(portico('user', 'remove', 'alice')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('no user yet'),
    })
    expect(portico('user', 'remove', '--tag', 'nobody')).toMatchObject({ status: 64 })
    expect(text()).toBe(CONFIG)
  })

  test('list and show, in a pipe', () => {
    portico('user', 'add', 'bob', '--plan', 'basic', 'expires=2020-01-01T00:00:00Z')
    const { stdout } = portico('user', 'list')
    const [heading, ...rows] = stdout.trimEnd().split('\n')
    expect(heading).toMatch(/^NAME +STATE/)
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 2))).toEqual([
      ['alice', 'enabled'],
      ['bob', 'expired'],
    ])
    expect(JSON.parse(portico('user', 'list', '--state', 'expired', '--json').stdout)).toMatchObject([
      { name: 'bob', plan: 'basic', up: 0 },
    ])
    expect(portico('user', 'show', 'alice').stdout).toContain('tg://proxy?server=p.example.org')
    expect(JSON.parse(portico('user', 'show', 'bob', '--json').stdout)).toMatchObject({
      name: 'bob',
      state: 'expired',
      maxSessions: 20,
      link: { domain: 'www.example.org' },
    })
    expect(portico('user', 'show', 'bbo').status).toBe(64)
  })

  test('at a terminal', () => {
    expect(atTerminal('user', 'add', 'bob')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('bob\r\n'),
    })
    expect(atTerminal('user', 'list').stdout).toMatch(/^NAME +STATE.*\r\nalice/)
    expect(atTerminal('link', 'bob', '--qr').stdout).toMatch(/[▀▄█]{20}/)
    expect(atTerminal('user', 'remove', 'nobody')).toMatchObject({ status: 64 })
    expect(atTerminal('status')).toMatchObject({ status: 69 })
  })
})

describe('moving', () => {
  test('the old name becomes a site, the links have the new one, and back', () => {
    expect(portico('move', '--domain', 'new.example.org', '--host', 'h.example.org')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('server=h.example.org'),
      stderr: expect.stringContaining('--on-old-link'),
    })
    expect(text()).toContain('domain = "new.example.org" # the site\n')
    const { front } = (loadConfig(file, {}) as { config: { front: unknown } }).config
    expect(front).toMatchObject({ site: [{ domain: 'www.example.org', address: { port: 8443 } }] })
    expect(portico('move', '--domain', 'www.example.org').status).toBe(0)
    expect((loadConfig(file, {}) as { config: { front: unknown } }).config.front).toMatchObject({
      domain: 'www.example.org',
      site: [{ domain: 'new.example.org' }],
    })
    expect(portico('move', '--domain', 'www.example.org').status).toBe(64)
    expect(portico('move').status).toBe(64)
  })

  test('links for every site and listener', () => {
    writeFileSync(
      file,
      `${text()}\n[[listener]]\naddress = "2443"\nmodes = ["tls", "secure"]\npublic_host = "l.example.org"\n`,
    )
    portico('move', '--domain', 'new.example.org')
    const links = JSON.parse(portico('link', 'alice', '--all', '--json').stdout) as Record<string, unknown>[]
    expect(links.map(({ server, port, mode, domain }) => [server, port, mode, domain])).toEqual([
      ['p.example.org', 1443, 'tls', 'new.example.org'],
      ['p.example.org', 1443, 'tls', 'www.example.org'],
      ['l.example.org', 2443, 'tls', 'new.example.org'],
      ['l.example.org', 2443, 'tls', 'www.example.org'],
      ['l.example.org', 2443, 'secure', undefined],
    ])
    const one = JSON.parse(
      portico('link', 'alice', '--site', 'www.example.org', '--listener', '2443', '--json').stdout,
    )
    expect(one[0]).toMatchObject({ port: 2443, domain: 'www.example.org' })
    expect(portico('link', '--listener', '9')).toMatchObject({ status: 64 })
  })
})

test('backup and restore', () => {
  portico('user', 'add', 'bob')
  expect(portico('backup', 'b.tar.gz')).toMatchObject({ status: 0, stdout: `${join(dir, 'b.tar.gz')}\n` })
  expect(portico('backup', 'b.tar.gz').status).toBe(69)
  expect(portico('restore', 'b.tar.gz')).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('--force'),
  })
  const restored = join(dir, 'elsewhere', 'portico.toml')
  expect(portico('restore', 'b.tar.gz', '--config', restored)).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(restored, 'utf8')).toBe(text())
  writeFileSync(join(dir, 'junk'), 'junk')
  expect(portico('restore', 'junk', '--config', `${restored}2`)).toMatchObject({ status: 64 })
})

test('config show --origin', () => {
  const { status, stdout } = portico('config', 'show', '--origin')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^front\.domain = "www\.example\.org" +# portico\.toml:4$/m)
  expect(stdout).toMatch(/^limits\.idle = "10m" +# default$/m)
  expect(stdout).toMatch(/^users\.alice\.secret = "8f0c…" +# portico\.toml:9$/m)
  expect(stdout).not.toContain(KEY)
})

test('reload and status of nobody', () => {
  for (const command of ['reload', 'status']) {
    expect(portico(command)).toMatchObject({ status: 69, stderr: `No portico runs with ${file}.\n` })
  }
})
