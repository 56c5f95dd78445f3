import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig, readConfig } from './load.ts'
import { NOT_YET } from './not-yet.ts'
import { formatProblem } from './problem.ts'

const FILE = '/srv/portico/portico.toml'
const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'

const SMALLEST = `listen = "443"

[front]
domain  = "www.example.org"
address = "127.0.0.1:8443"

[users.alice]
secret = "${KEY}"
`

function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  const loaded = readConfig(text, FILE, env)
  return loaded.ok ? [] : loaded.problems.map((problem) => formatProblem(problem, '/srv/portico'))
}

function configOf(text: string, env: Record<string, string> = {}) {
  const loaded = readConfig(text, FILE, env)
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => formatProblem(problem, '/')).join('\n'))
  return loaded.config
}

describe('a good file', () => {
  test('the smallest one, every default', () => {
    expect(configOf(SMALLEST)).toEqual({
      file: FILE,
      dir: '/srv/portico',
      public_addresses: ['auto'],
      listener: [
        { address: { kind: 'tcp', host: '', port: 443 }, modes: ['tls'], backlog: 4096, permissions: 0o660 },
      ],
      front: {
        domain: 'www.example.org',
        address: { kind: 'tcp', host: '127.0.0.1', port: 8443 },
        proxy_protocol: 'off',
        answer: 'auto',
        unknown_sni: 'front',
        clock_skew: 600_000,
        shaping: 'off',
        site: [],
      },
      users: { alice: { secret: KEY, enabled: true, tags: [], previous: [], from: [] } },
      plans: {},
      maintenance: false,
      limits: {
        search_hold: 0.5,
        first_data: 'auto',
        idle: 600_000,
        per_address: 'off',
        unauthenticated: 'auto',
        unauthenticated_per_address: 64,
        client_frame: 1_048_576,
        silence: 'off',
      },
      upstream: [],
      dns: { servers: [{ kind: 'system' }], hosts: {} },
      telegram: {
        prefer: 'ipv4',
        unknown_dc: 'refuse',
        data_centres: {},
        dial_timeout: 5000,
        warm: 'auto',
        probe: 300_000,
        via: 'direct',
        fallback: 'always',
        middle: {
          addresses: {},
          secret_url: 'https://core.telegram.org/getProxySecret',
          config_url: 'https://core.telegram.org/getProxyConfig',
          refresh: 3_600_000,
          stun: [],
        },
      },
      usage: { utc_offset: 0, history: 31_536_000_000 },
      lists: { block: [], only: [], refresh: 21_600_000, then: 'front' },
      metrics: { path: '/metrics', per_user: false, allow: ['127.0.0.0/8', '::1/128'] },
      log: { level: 'info', format: 'auto', addresses: false },
      replay: { capacity: 'auto' },
      state: { dir: '/srv/portico/state' },
      process: { workers: 'auto', drain: 3000 },
    })
  })

  test('everything said, paths relative to the file', () => {
    const config = configOf(`
listen = [443, "unix:proxy.sock"]
public_host = "P.example.org"
public_port = 8443
users_file = "users.toml"
[[listener]]
address = "127.0.0.1:9000"
permissions = "0600"
backlog = 5
[front]
domain = "www.example.org"
address = "built-in"
root = "www"
answer = "mirror"
clock_skew = "2m"
[[front.site]]
domain = "*.example.org"
address = "unix:/run/nginx.sock"
[users.alice]
secret = "${KEY.toUpperCase()}"
enabled = false
domain = "a.example.org"
note = ""
tags = ["family"]
[telegram]
prefer = "only-ipv6"
unknown_dc = 2
data_centres = { 2 = ["149.154.167.51:443", "[2001:67c:4e8:f002::a]:443"], -4 = "dc.example:443" }
[metrics]
listen = "127.0.0.1:9443"
allow = ["10.0.0.0/8"]
[log]
file = "portico.log"
[state]
dir = "/var/lib/portico"
[process]
workers = 2
drain = "10s"
`)
    expect(config).toMatchObject({
      public_host: 'p.example.org',
      users_file: '/srv/portico/users.toml',
      listener: [
        { address: { port: 443 } },
        { address: { kind: 'unix', path: '/srv/portico/proxy.sock' } },
        { address: { host: '127.0.0.1', port: 9000 }, permissions: 0o600, backlog: 5 },
      ],
      front: {
        address: 'built-in',
        root: '/srv/portico/www',
        site: [{ domain: '*.example.org', address: { path: '/run/nginx.sock' } }],
      },
      users: { alice: { secret: KEY, enabled: false, domain: 'a.example.org' } },
      telegram: {
        unknown_dc: 2,
        data_centres: {
          2: [{ port: 443 }, { host: '2001:67c:4e8:f002::a' }],
          '-4': [{ host: 'dc.example' }],
        },
      },
      metrics: { listen: { port: 9443 }, allow: ['10.0.0.0/8'] },
      log: { file: '/srv/portico/portico.log' },
      state: { dir: '/var/lib/portico' },
      process: { workers: 2, drain: 10_000 },
    })
    expect(config).not.toHaveProperty('listen')
    expect(structuredClone(config)).toEqual(config)
  })

  test('the address of the front may be left to portico', () => {
    expect(configOf(SMALLEST.replace(/address.*\n/, '')).front).not.toHaveProperty('address')
  })

  test('10,000 users', () => {
    const tables = Array.from(
      { length: 10_000 },
      (_, i) => `[users.user${i}]\nsecret = "${(i + 1).toString(16).padStart(32, '0')}"\nnote = "n ${i}"\n`,
    )
    const before = process.cpuUsage()
    const { users } = configOf(SMALLEST + tables.join('\n'))
    expect(Object.keys(users)).toHaveLength(10_001)
    // Under a second of the processor; the bound only catches work that grows with the square.
    expect(process.cpuUsage(before).user).toBeLessThan(8_000_000)
  })
})

describe('every problem at once, with its place', () => {
  test('in the order of the file', () => {
    const text = `listen = "70000"
[front]
domain = "1.2.3.4"
adress = "127.0.0.1:8443"
clock_skew = 600
[users.alice]
  secert = "${KEY}"
[users.bob]
secret = "ee${KEY}7777772e6578616d706c652e6f7267"
[users.carl]
secret = "00000000000000000000000000000000"
enabled = "yes"
[limits]
idle = "5 M"
sessions = 0
[proces]
workers = 1
[telegram]
data_centres = { x = "1.2.3.4:443", 2 = [] }
prefer = "ipv5"
`
    expect(problemsOf(text)).toEqual([
      'portico.toml:1:10 listen: "70000": a port is 1 to 65535',
      'portico.toml:3:10 front.domain: "1.2.3.4" is an address; a name is needed (the SNI cannot hold an address)',
      'portico.toml:4:1 front.adress: unknown key; did you mean "address"?',
      'portico.toml:5:14 front.clock_skew: lacks a unit: write "600s"',
      'portico.toml:7:3 users.alice.secert: unknown key; did you mean "secret"?',
      expect.stringContaining('portico.toml:9:10 users.bob.secret: this is the secret of a link'),
      expect.stringContaining('portico.toml:11:10 users.carl.secret: all zeros'),
      'portico.toml:12:11 users.carl.enabled: expected true or false, got "yes"',
      'portico.toml:14:8 limits.idle: "M" is not a unit of time (us, ms, s, m, h, d, w, y)',
      'portico.toml:15:12 limits.sessions: at least 1 is needed',
      'portico.toml:16:2 proces: unknown key; did you mean "process"?',
      'portico.toml:19:22 telegram.data_centres.x: a data centre is a number such as 2, 203 or -4',
      'portico.toml:19:41 telegram.data_centres.2: at least one address is needed',
      'portico.toml:20:10 telegram.prefer: expected one of "ipv4", "ipv6", "only-ipv4", "only-ipv6", got "ipv5"',
    ])
  })

  test('syntax and meaning together', () => {
    const text = `${SMALLEST}[users.bob]\nsecret =\n[users.alice]\nenabled = 1\n[log]\nlevel = "loud"\n`
    expect(problemsOf(text)).toEqual([
      'portico.toml:10:9 not TOML: the value is missing',
      'portico.toml:11:8 users.alice: is defined twice',
      expect.stringContaining('portico.toml:14:9 log.level: expected one of'),
    ])
  })

  test.each([
    ['an empty file', '', 'portico.toml:1:1 front: a table [front] with the domain is needed'],
    ['no users', '[front]\ndomain = "www.example.org"\n', 'portico.toml:1:1 users: no user yet'],
    [
      'an empty table of users',
      '[front]\ndomain = "www.example.org"\n[users]\n',
      'portico.toml:3:2 users: no user yet',
    ],
    ['no domain', `[front]\n[users.a]\nsecret = "${KEY}"\n`, 'portico.toml:1:2 front.domain: missing'],
    [
      'no secret',
      '[front]\ndomain = "www.example.org"\n[users.a]\n',
      'portico.toml:3:8 users.a.secret: needs 32 hexadecimal digits',
    ],
    ['a user that is no table', `users.a = "${KEY}"\n`, 'portico.toml:1:11 users.a: expected a table'],
    [
      'one secret twice',
      `${SMALLEST}[users.bob]\nsecret = "${KEY.toUpperCase()}"\n`,
      'portico.toml:10:10 users.bob.secret: the same secret as that of user "alice"',
    ],
    [
      'a name that is no site',
      `${SMALLEST}domain = "a.example.org"\n`,
      'portico.toml:9:10 users.alice.domain: "a.example.org" is none of the sites',
    ],
    [
      'a name two labels under a wildcard',
      `${SMALLEST}domain = "a.b.example.org"\n[[front.site]]\ndomain = "*.example.org"\n`,
      'portico.toml:9:10 users.alice.domain: "a.b.example.org" is none of the sites ("*.example.org" stands for one label): add a [[front.site]] with this domain, or one for "*.b.example.org"',
    ],
    [
      'a site twice',
      `${SMALLEST}[[front.site]]\ndomain = "WWW.example.org"\n`,
      'portico.toml:10:10 front.site.0.domain: "www.example.org" is already a site',
    ],
    [
      'an odd name',
      `${SMALLEST}[users."a b"]\nsecret = "${KEY.replace('8', '9')}"\n`,
      'portico.toml:9:8 users."a b": a user',
    ],
    [
      'the name of a prototype',
      `${SMALLEST}[users.__proto__]\nsecret = "${KEY.replace('8', '9')}"\n`,
      'portico.toml:9:8 users.__proto__: a user',
    ],
    [
      'one address twice',
      SMALLEST.replace('"443"', '["443", ":443"]'),
      'portico.toml:1:18 listen.1: this address is already listened on',
    ],
    [
      'a wrong list element',
      SMALLEST.replace('"443"', '["443", "x"]'),
      'portico.toml:1:18 listen.1: "x": listen on an address of this host',
    ],
    [
      'a front without its port',
      SMALLEST.replace(':8443', ''),
      'portico.toml:5:11 front.address: "127.0.0.1" lacks the port: write "127.0.0.1:443", or "built-in"',
    ],
    [
      'a long socket path',
      SMALLEST.replace('"443"', `"unix:${'x'.repeat(100)}"`),
      'listener: the path of a unix socket has at most 107 bytes',
    ],
    [
      'a network with host bits',
      `${SMALLEST}[metrics]\nallow = ["10.0.0.1/8"]\n`,
      'portico.toml:10:10 metrics.allow.0: "10.0.0.1/8" has bits set',
    ],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected))
  })

  test('a problem never holds a secret', () => {
    const twice = `${SMALLEST}[users.bob]\nsecret = "${KEY}"\n[users.carl]\nsecret = "dd${KEY}"\n[users.dora]\nsecret = ${KEY}\n`
    const problems = problemsOf(twice)
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).not.toContain(KEY)
  })
})

describe('what this version lacks', () => {
  test.each([['control.listen', `${SMALLEST}[control]\nlisten = "127.0.0.1:9442"\n`]])(
    '%s says so',
    (key, text) => {
      expect(problemsOf(text)).toEqual([
        expect.stringMatching(new RegExp(`^portico.toml:\\d+:\\d+ ${key}: not in this version yet$`)),
      ])
    },
  )

  test('a value that says "off" is fine', () => {
    const text = `public_addresses = "auto"\n${SMALLEST}[control]\nlisten = ""\n[telegram]\nvia = "direct"\n[metrics]\nper_user = false\n`
    expect(problemsOf(text)).toEqual([])
    expect(configOf(text)).not.toHaveProperty('control')
  })

  test('in a table of later versions a misspelling is one still', () => {
    expect(problemsOf(`${SMALLEST}[control]\nlistn = ""\n`)).toEqual([
      'portico.toml:10:1 control.listn: unknown key; did you mean "listen"?',
    ])
  })

  test('the table names each key once', () => {
    const paths = NOT_YET.map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
  })
})

describe('any text', () => {
  test('gives a configuration or problems', () => {
    const lines = SMALLEST.split('\n')
    const line = fc.oneof(
      fc.constantFrom(
        ...lines,
        '[users]',
        'users = 3',
        '[[users]]',
        '[front.site]',
        '[[front.site]]',
        'listen = {}',
        'listen = [[]]',
        '[users.constructor]',
        'front = []',
        '[[listener]]',
        'address = 1.5',
        'control = 1',
        '[control.listen]',
        'users.alice = 2020-01-01',
        'users_file = 7',
        'telegram.data_centres.2 = [[1]]',
        'plans = [1]',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), (pieces) => {
        const loaded = readConfig(pieces.join('\n'), FILE, {})
        expect(loaded.ok || loaded.problems.length > 0).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})

describe('files', () => {
  let dir: string
  const at = (name: string) => join(dir, name)
  const write = (name: string, text: string) => writeFileSync(at(name), text, { mode: 0o600 })
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'portico-config-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))
  const load = (name: string, env: Record<string, string> = {}) => {
    const loaded = loadConfig(at(name), env)
    return loaded.ok ? loaded : loaded.problems.map((problem) => formatProblem(problem, dir))
  }

  test('that are not there', () => {
    expect(load('missing.toml')).toEqual(['missing.toml does not exist'])
    expect(loadConfig(dir, {})).toMatchObject({
      ok: false,
      problems: [{ message: 'is a folder, not a file' }],
    })
  })

  test('that everybody may read', () => {
    write('open.toml', SMALLEST)
    expect(load('open.toml')).toMatchObject({ warnings: [] })
    chmodSync(at('open.toml'), 0o644)
    expect(load('open.toml')).toMatchObject({ warnings: [expect.stringContaining('chmod 600')] })
  })

  test('every user disabled is worth a word', () => {
    write('off.toml', `${SMALLEST}enabled = false\n`)
    expect(load('off.toml')).toMatchObject({ warnings: [expect.stringContaining('every user is disabled')] })
  })

  test('users in a second file', () => {
    write('two.toml', `users_file = "users.toml"\n${SMALLEST}`)
    expect(load('two.toml')).toMatchObject({ ok: true })
    write('users.toml', `[users.bob]\nsecret = "${KEY.replace('8', '9')}"\n`)
    const loaded = load('two.toml')
    expect(loaded).toMatchObject({ ok: true, config: { users_file: at('users.toml') } })
    expect(Object.keys('config' in loaded ? loaded.config.users : {})).toEqual(['alice', 'bob'])
  })

  test('problems of the second file carry its name', () => {
    write('two.toml', `users_file = "users.toml"\n${SMALLEST}`)
    write(
      'users.toml',
      `[users.bob]\nsecret = "${KEY}"\n[users.alice]\nsecret = "x"\n[users.carl]\nscret = ""\n[log]\nlevel = "info"\n`,
    )
    expect(load('two.toml')).toEqual([
      'users.toml:2:10 users.bob.secret: the same secret as that of user "alice"',
      'users.toml:3:8 users.alice: this user stands in both files',
      'users.toml:6:1 users.carl.scret: unknown key; did you mean "secret"?',
      'users.toml:7:2 log: only [users.NAME] tables belong into the users file',
    ])
  })

  test('settings from the environment', () => {
    write('env.toml', SMALLEST)
    write('level', 'debug\n')
    const loaded = load('env.toml', {
      PORTICO_LISTEN: '127.0.0.1:1443, [::1]:1443',
      PORTICO_FRONT_DOMAIN: 'env.example.org',
      PORTICO_PROCESS_WORKERS: '2',
      PORTICO_LOG_LEVEL_FILE: at('level'),
      PORTICO_LOG_ADDRESSES: 'true',
      PORTICO_PUBLIC_PORT: '8443',
      PORTICO_METRICS_ALLOW: '10.0.0.0/8,192.168.0.0/16',
      PORTICO_SECRET: KEY.replace('8', '9'),
      PORTICO_STATE_DIR: '',
    })
    expect(loaded).toMatchObject({
      warnings: [],
      config: {
        listener: [{ address: { host: '127.0.0.1', port: 1443 } }, { address: { host: '::1' } }],
        front: { domain: 'env.example.org' },
        process: { workers: 2 },
        log: { level: 'debug', addresses: true },
        public_port: 8443,
        metrics: { allow: ['10.0.0.0/8', '192.168.0.0/16'] },
        users: { alice: { secret: KEY }, default: { secret: KEY.replace('8', '9') } },
        state: { dir: at('state') },
      },
    })
  })

  test('a wrong setting is named by its variable', () => {
    write('env.toml', SMALLEST)
    expect(
      load('env.toml', {
        PORTICO_LIMITS_IDLE: '600',
        PORTICO_TELEGRAM_VIA: 'tunnel',
        PORTICO_LOG_LEVEL_FILE: '/nowhere',
      }),
    ).toEqual(
      expect.arrayContaining([
        'PORTICO_LIMITS_IDLE limits.idle: "600" lacks a unit: write "600s" for seconds',
        'PORTICO_TELEGRAM_VIA telegram.via: expected one of "direct", "middle", got "tunnel"',
        'PORTICO_LOG_LEVEL_FILE log.level: cannot read /nowhere: ENOENT',
      ]),
    )
  })

  test('what Kubernetes injects is passed over, another unknown variable is worth a word', () => {
    write('env.toml', SMALLEST)
    const kubernetes = {
      PORTICO_PORT: 'tcp://10.96.0.7:443',
      PORTICO_PORT_443_TCP: 'tcp://10.96.0.7:443',
      PORTICO_PORT_443_TCP_ADDR: '10.96.0.7',
      PORTICO_SERVICE_HOST: '10.96.0.7',
      PORTICO_SERVICE_PORT: '443',
      PORTICO_CONFIG: '/etc/portico/portico.toml',
    }
    expect(load('env.toml', kubernetes)).toMatchObject({ warnings: [] })
    expect(load('env.toml', { PORTICO_LISTN: '1', PORTICO_PORT: '443' })).toMatchObject({
      warnings: [expect.stringContaining('PORTICO_LISTN'), expect.stringContaining('PORTICO_PORT')],
    })
  })
})
