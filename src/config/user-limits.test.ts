import { describe, expect, test } from 'vitest'
import { readConfig } from './load.ts'
import { formatProblem } from './problem.ts'

const FILE = '/srv/portico/portico.toml'
const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const OLD = '00112233445566778899aabbccddeeff'

const HEAD = `[front]
domain = "www.example.org"
[users.alice]
secret = "${KEY}"
`

function userOf(text: string) {
  const loaded = readConfig(HEAD + text, FILE, {})
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => formatProblem(problem, '/')).join('\n'))
  return loaded.config.users.alice
}

function problemsOf(text: string): string[] {
  const loaded = readConfig(HEAD + text, FILE, {})
  return loaded.ok ? [] : loaded.problems.map((problem) => formatProblem(problem, '/srv/portico'))
}

describe('limits of a user', () => {
  test('everything said', () => {
    const user = userOf(`
expires = 2027-01-31T12:00:00Z
lifetime = "30d"
quota = { bytes = "100 GiB", period = "week", reset_day = 7, then = "throttle", throttle = "128 KiB/s" }
rate = { up = "1 MiB/s", down = "10 Mbit/s" }
sessions = 20
addresses = { max = 3, window = "1h", ipv4_prefix = 32, ipv6_prefix = 48, then = "report" }
from = ["10.0.0.0/8"]
previous = [{ secret = "${OLD}", until = "2027-01-01T00:00:00+03:00" }]
`)
    expect(user).toMatchObject({
      expires: Date.UTC(2027, 0, 31, 12),
      lifetime: 30 * 86_400_000,
      quota: { bytes: 100 * 2 ** 30, period: 'week', reset_day: 7, then: 'throttle', throttle: 128 * 1024 },
      rate: { up: 2 ** 20, down: 1_250_000 },
      sessions: 20,
      addresses: { max: 3, window: 3_600_000, ipv4_prefix: 32, ipv6_prefix: 48, then: 'report' },
      from: ['10.0.0.0/8'],
      previous: [{ secret: OLD, until: Date.UTC(2026, 11, 31, 21) }],
    })
  })

  test('the defaults of what is half said', () => {
    expect(userOf('quota = { bytes = "1 GiB" }\naddresses = { max = 3 }\n')).toMatchObject({
      quota: { period: 'month', reset_day: 1, then: 'block', throttle: 64 * 1024 },
      addresses: { window: 600_000, ipv4_prefix: 24, ipv6_prefix: 64, then: 'refuse' },
    })
    expect(userOf('quota = { bytes = "1 GiB", period = "30d" }\n')?.quota?.period).toBe(30 * 86_400_000)
  })

  test.each([
    ['expires = 2027-01-31\n', 'portico.toml:5:11 users.alice.expires: "2027-01-31" could be anywhere'],
    ['quota = { bytes = "10 M" }\n', 'portico.toml:5:19 users.alice.quota.bytes: "M" is unclear'],
    ['quota = { bytes = "1 GiB", period = "year" }\n', 'users.alice.quota.period: expected "month"'],
    [
      'quota = { bytes = "1 GiB", period = "week", reset_day = 8 }\n',
      'users.alice.quota.reset_day: a week has the days 1 (Monday) to 7',
    ],
    ['rate = { down = "10 Mbit" }\n', 'users.alice.rate.down: "10 Mbit" is not a rate'],
    ['rate = { down = "1 B/s" }\n', 'users.alice.rate.down: at least 1 KiB/s is needed'],
    ['addresses = { maximum = 3 }\n', 'users.alice.addresses.maximum: unknown key'],
    ['from = ["10.0.0.1/8"]\n', 'users.alice.from.0: "10.0.0.1/8" has bits set'],
    [
      `previous = [{ secret = "${KEY}", until = 2027-01-31T12:00:00Z }]\n`,
      'portico.toml:5:24 users.alice.previous.0.secret: the same secret as that of user "alice"',
    ],
    ['plan = "basci"\n[plans.basic]\nsessions = 3\n', 'there is no plan "basci"; did you mean "basic"?'],
    ['plan = "gold"\n', 'users.alice.plan: there is no plan "gold"; add a table [plans.gold]'],
    ['[plans.basic]\nsecret = "x"\n', 'plans.basic.secret: unknown key'],
    ['[plans.basic]\nsesions = 3\n', 'plans.basic.sesions: unknown key; did you mean "sessions"?'],
    ['[plans.basic]\ndomain = "a.example.com"\n', 'plans.basic.domain: "a.example.com" is none of the sites'],
  ])('%s is refused', (text, expected) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected))
  })
})

describe('a plan', () => {
  const BASIC = '[plans.basic]\nenabled = false\nsessions = 5\nrate = { up = "1 MiB/s" }\ntags = ["paid"]\n'

  test('stands in for what its users do not say', () => {
    const user = userOf(`plan = "basic"\n${BASIC}`)
    expect(user).toMatchObject({ enabled: false, sessions: 5, rate: { up: 2 ** 20 }, tags: ['paid'] })
    expect(user?.secret).toBe(KEY)
  })

  test('never hides what they say', () => {
    const user = userOf(`plan = "basic"\nenabled = true\nsessions = 7\nrate = { down = "2 MiB/s" }\n${BASIC}`)
    expect(user).toMatchObject({ enabled: true, sessions: 7, rate: { down: 2 ** 21 } })
    expect(user?.rate).not.toHaveProperty('up')
  })

  test('is no business of others, nor are its own defaults', () => {
    expect(userOf(BASIC)).toMatchObject({ enabled: true, tags: [] })
    expect(userOf('plan = "empty"\nenabled = false\n[plans.empty]\n')).toMatchObject({ enabled: false })
  })
})
