import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyText } from '../config/problem.ts'
import type { Table } from '../config/toml.ts'
import { PEERS } from './detect.ts'
import { type Imported, importConfig } from './import-config.ts'
import { isTable } from './rules.ts'
import { readSource } from './source.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'test', 'import', 'examples')
const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const OTHER = KEY.replace('8', '9')
const WWW = Buffer.from('www.example.org').toString('hex')

const example = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8')
const imported = (text: string): Imported =>
  importConfig(text, {
    dir: '/etc/old',
    file: '/srv/portico.toml',
    spareDomain: '203-0-113-7.sslip.io',
    read: () => undefined,
  })

function good(text: string): Extract<Imported, { ok: true }> {
  const result = imported(text)
  if (!result.ok) throw new Error(result.problems.join('\n'))
  return result
}

const lineOf = (text: string, key: string) => good(text).report.find((line) => line.key === key)

/** Every key of a tree; a list of values is one, a list of tables is not. */
function keysOf(value: unknown, path: (string | number)[]): string[] {
  if (Array.isArray(value) && value.some(isTable))
    return value.flatMap((each, at) => keysOf(each, [...path, at]))
  if (!isTable(value as Table)) return [keyText(path)]
  return Object.entries(value as Table).flatMap(([name, each]) => keysOf(each, [...path, name]))
}

describe.each([
  ['mtg.toml', 'mtg'],
  ['mtg-multi.toml', 'mtg-multi'],
  ['telemt.toml', 'telemt'],
  ['teleproxy.toml', 'teleproxy'],
  ['mtprotoproxy.py', 'mtprotoproxy'],
  ['official.service', 'official'],
])('the whole of %s', (name, kind) => {
  const text = example(name)
  const reading = readSource(text, undefined, () => undefined)
  if (!reading.ok) throw new Error(reading.problems.join('\n'))

  test('is recognised, and becomes a valid file', () => {
    expect(good(text).kind).toBe(kind)
  })

  test('has every key in the report, and none is unknown', () => {
    const reported = good(text).report
    const covered = (key: string) =>
      reported.some((line) => key === line.key || key.startsWith(`${line.key}.`))
    expect(keysOf(reading.source.tree, []).filter((key) => !covered(key))).toEqual([])
    expect(reported.filter(({ outcome }) => outcome === 'unknown')).toEqual([])
  })

  test('reports each key once, and why wherever it is not simply carried', () => {
    const { report } = good(text)
    const keys = report.map(({ key }) => key).filter((key) => key !== 'include')
    expect(keys.toSorted()).toEqual([...new Set(keys)].toSorted())
    for (const line of report)
      expect(line, line.key).toSatisfy(({ outcome, how, to }) =>
        outcome === 'carried' ? to !== undefined : (how ?? '') !== '',
      )
  })

  test('stays without a loss when there is a key that nobody knows', () => {
    const { lines } = reading.source
    expect(lines.filter(({ outcome }) => outcome === 'unknown')).toEqual([])
  })
})

test('there is an example with each key that some rule is about', () => {
  const trees = readdirSync(EXAMPLES).flatMap((name) => {
    const reading = readSource(example(name), undefined, () => undefined)
    return reading.ok ? [reading.source] : []
  })
  // What another file of the same kind must say, for both cannot stand in one.
  const elsewhere = new Set(['mtg-multi', 'secret', 'force_bind'])
  for (const { kind, rules } of PEERS) {
    const keys = trees
      .filter((each) => each.kind === kind || each.kind === 'mtg')
      .flatMap(({ tree }) => keysOf(tree, []))
    const missing = Object.keys(rules).filter((pattern) => {
      const shape = new RegExp(`^${pattern.split('.').map(partPattern).join('\\.')}(?:\\.|$)`)
      return !keys.some((key) => shape.test(key)) && !elsewhere.has(pattern)
    })
    expect(missing.filter((pattern) => !IN_NO_EXAMPLE.has(pattern))).toEqual([])
  }
})

/** Old names of the same settings, and what a systemd unit does not need. */
const IN_NO_EXAMPLE = new Set(
  `TLS_ONLY SECURE_ONLY BLOCK_* REPLAY_CHECK_PERIOD METRICS_LISTEN_ADDR_*
   log nice daemonize backlog general.proxy_* server.api.*`.split(/\s+/),
)

function partPattern(part: string): string {
  if (part === '*') return '(?:"[^"]*"|[^.]+)'
  return part.replace(/[-]/g, '\\-').replace(/\*$/, '[^.]*')
}

describe('what becomes of', () => {
  test('mtg', () => {
    expect(good(example('mtg.toml')).config).toMatchObject({
      listener: [{ address: { kind: 'tcp', host: '0.0.0.0', port: 3128 }, modes: ['tls'] }],
      public_host: '203.0.113.7',
      front: {
        domain: 'www.example.org',
        address: { kind: 'tcp', host: '10.0.0.10', port: 8443 },
        proxy_protocol: 'v2',
        clock_skew: 5000,
      },
      limits: { sessions: 8192, idle: 90_000 },
      telegram: { prefer: 'only-ipv4', unknown_dc: 2, dial_timeout: 5000 },
      lists: { block: ['https://lists.example.org/level1.netset', '/etc/old/local.netset'] },
      users: { default: { secret: KEY } },
    })
  })

  test('mtg-multi', () => {
    expect(good(example('mtg-multi.toml')).config).toMatchObject({
      front: { domain: 'www.example.org', site: [{ domain: 'shop.example.org' }] },
      users: {
        alice: { secret: KEY, quota: { bytes: 10e9, period: 'month' }, enabled: true },
        bob: {
          secret: OTHER,
          domain: 'shop.example.org',
          ad_tag: 'abcdef0123456789abcdef0123456789',
          quota: { bytes: 2 ** 20, period: 'never' },
          enabled: false,
        },
      },
    })
  })

  test('telemt', () => {
    const { config } = good(example('telemt.toml'))
    expect(config).toMatchObject({
      public_host: 'proxy.example.org',
      public_port: 443,
      front: {
        domain: 'www.example.org',
        address: { kind: 'unix', path: '/run/site.sock' },
        proxy_protocol: 'v2',
        site: [{ domain: 'shop.example.org' }, { domain: 'git.example.org', address: { port: 9443 } }],
      },
      telegram: { via: 'middle', fallback: 'always', unknown_dc: 4 },
    })
    expect(config.listener.map(({ address }) => address)).toEqual([
      { kind: 'tcp', host: '0.0.0.0', port: 8443 },
      { kind: 'unix', path: '/etc/old/telemt.sock' },
    ])
    expect(config.listener[0]).toMatchObject({ proxy_protocol: { from: ['10.0.0.0/8'], timeout: 500 } })
    expect(config.users.alice).toMatchObject({
      sessions: 20,
      quota: { bytes: 100 * 2 ** 30, period: 'never' },
      rate: { up: 1e6, down: 2.5e6 },
      addresses: { max: 3, window: 300_000, ipv4_prefix: 32 },
    })
    expect(config.users.alice?.from).not.toContain('203.0.113.0/24')
    expect(config.users.user).toMatchObject({ secret: OTHER, note: 'Боб и Ко', sessions: 40 })
    expect(config.upstream).toMatchObject([
      { url: { kind: 'direct' }, weight: 10 },
      { url: { kind: 'socks4', user: 'u' } },
      { url: { kind: 'socks5', user: 'us:er', password: 'pass' }, bind: '192.0.2.1' },
    ])
  })

  test('teleproxy, mtprotoproxy and the official proxy', () => {
    expect(good(example('teleproxy.toml')).config.users).toMatchObject({
      alice: {
        secret: KEY,
        sessions: 100,
        rate: { up: 2 ** 20 },
        expires: Date.parse('2031-12-31T23:59:59Z'),
      },
      user2: { secret: OTHER, expires: 1_956_528_000_000 },
    })
    expect(good(example('mtprotoproxy.py')).config).toMatchObject({
      public_host: 'proxy.example.org',
      listener: [{ modes: ['tls', 'secure', 'classic'] }, { address: { host: '::' } }],
      users: { alice: { quota: { bytes: 100 * 2 ** 30 } }, bob: { secret: OTHER } },
      upstream: [{ url: { password: 'p@ss' } }],
    })
    expect(good(example('official.service')).config).toMatchObject({
      listener: [{ address: { host: '0.0.0.0', port: 443 } }, { address: { port: 8443 } }],
      public_host: '203.0.113.7',
      telegram: { via: 'middle', middle: { secret_file: '/etc/old/proxy-secret' } },
      users: { user1: { secret: KEY }, user2: { secret: OTHER } },
    })
  })

  test('a bare secret, in hex and in base64, and a link', () => {
    const hex = `ee${KEY}${WWW}`
    for (const text of [hex, `${hex}\n`, Buffer.from(hex, 'hex').toString('base64url')])
      expect(good(text).config).toMatchObject({
        front: { domain: 'www.example.org' },
        users: { default: { secret: KEY } },
      })
    expect(good(`tg://proxy?server=203.0.113.7&port=8443&secret=${hex}`).config).toMatchObject({
      public_host: '203.0.113.7',
      listener: [{ address: { port: 8443 } }],
    })
  })

  test('an official proxy without a name: the old modes, and a front of this host', () => {
    const { config } = good(`mtproto-proxy -p8888 -H 443 -S ${KEY} --aes-pwd proxy-secret proxy-multi.conf`)
    expect(config).toMatchObject({
      front: { domain: '203-0-113-7.sslip.io', address: 'built-in' },
      listener: [{ modes: ['secure', 'classic'] }],
    })
  })
})

const telemtUsers = (lines: string) =>
  `[censorship]\ntls_domain = "www.example.org"\n[access.users]\n${lines}\n`

describe('users', () => {
  test('with a name that is not possible here are renamed; both get one', () => {
    const text = telemtUsers(`"a b" = "${KEY}"\n"a-b" = "${OTHER}"\n"__proto__" = "${KEY.replace('8', 'a')}"`)
    expect(Object.keys(good(text).config.users)).toEqual(['a-b', 'a-b-2', 'proto__'])
    expect(lineOf(text, 'access.users."a b"')).toMatchObject({ outcome: 'changed', to: 'users.a-b.secret' })
  })

  test('with the same, a short, a zero or no secret are reported and left out', () => {
    const text = telemtUsers(
      `alice = "${KEY}"\nbob = "${KEY}"\ncarl = "${KEY.slice(2)}"\ndora = "${'0'.repeat(32)}"\nemil = 5`,
    )
    expect(Object.keys(good(text).config.users)).toEqual(['alice'])
    for (const name of ['bob', 'carl', 'dora', 'emil'])
      expect(lineOf(text, `access.users.${name}`)).toMatchObject({ outcome: 'not carried' })
  })

  test('of whom none is left: an error that says why, without a secret', () => {
    const result = imported(telemtUsers(`alice = "${KEY.slice(2)}"`))
    expect(result).toMatchObject({
      ok: false,
      problems: [expect.any(String), expect.stringContaining('alice')],
    })
    expect(JSON.stringify(result)).not.toContain(KEY.slice(2))
  })
})

test('a value that portico refuses is left out, and the report says so', () => {
  const text = `${telemtUsers(`alice = "${KEY}"`)}[general]\nad_tag = "short"\ntg_connect = 86400\n[server]\nmetrics_listen = "nonsense"\n`
  for (const key of ['general.ad_tag', 'general.tg_connect', 'server.metrics_listen'])
    expect(lineOf(text, key)).toMatchObject({ outcome: 'not carried', how: expect.any(String) })
  expect(good(text).config.users.alice?.ad_tag).toBeUndefined()
})

test('an included file is read in its place', () => {
  const files: Record<string, string> = { 'users.toml': `[access.users]\nalice = "${KEY}"` }
  const result = importConfig('include = "users.toml"\n[censorship]\ntls_domain = "www.example.org"\n', {
    dir: '/etc/old',
    file: '/srv/portico.toml',
    spareDomain: 'a.example.org',
    read: (path) => files[path],
  })
  // TOML reads the tables of the included text first.
  expect(result).toMatchObject({ ok: true, config: { users: { alice: { secret: KEY } } } })
})

describe('what is damaged', () => {
  test('is told with its place', () => {
    expect(imported(`secret = "ee${KEY}${WWW}"\nbind-to = 0.0.0.0:443\nconcurrency = \n`)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^line 2:/), expect.stringMatching(/^line 3:/)],
    })
    expect(imported('PORT = 443\nUSERS = {"a": "b"')).toMatchObject({
      ok: false,
      problems: ['line 2: USERS: the value does not end'],
    })
    expect(imported(`mtproto-proxy -S '${KEY}`)).toMatchObject({ ok: false })
  })

  test('or foreign is an error, never an exception', () => {
    const texts = readdirSync(EXAMPLES).map(example)
    const cut = fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(20), fc.string())
      .map(([text, at, gone, more]) => {
        const start = at % text.length
        return text.slice(0, start) + more + text.slice(start + gone)
      })
    fc.assert(
      fc.property(fc.oneof(cut, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const result = imported(text)
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 150 },
    )
  })

  test('keys that nobody knows are in the report', () => {
    const text = `${telemtUsers(`alice = "${KEY}"`)}[general]\nnew_thing = 1\n[brand_new]\nx = [1]\n`
    expect(lineOf(text, 'general.new_thing')).toMatchObject({ outcome: 'unknown' })
    expect(lineOf(text, 'brand_new.x')).toMatchObject({ outcome: 'unknown' })
  })
})
