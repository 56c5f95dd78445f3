import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KEY_ROWS, type KeyRow } from './keys.ts'
import { readConfig } from './load.ts'
import { schema } from './schema.ts'

/** Of each kind of value something that most keys refuse. */
const VALUES: readonly unknown[] = [
  -1,
  0,
  1.5,
  1e12,
  1e300,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  true,
  '',
  ' ',
  'x y',
  '-5s',
  '0s',
  '100000y',
  '0 B',
  '1000000 TiB',
  '::1:443',
  new Date(0),
  [],
  [1],
  [''],
  [[]],
  {},
  { x: 1 },
]

/** How zod speaks where a schema does not say its own. */
const NOT_THE_HOUSES = /invalid|too (?:small|big)|unrecognized|received|>=|<=|[nN]aN[a-z]|[iI]nfinity[a-z]/i

/** A tree that holds nothing but this value, at the place of this key. */
function holding({ path }: KeyRow, value: unknown): unknown {
  return path.reduceRight<unknown>((inside, name, depth) => {
    if (name !== '*') return { [name]: inside }
    const table = KEY_ROWS.find(
      (row) => row.path.length === depth && row.path.every((each, at) => each === path[at]),
    )
    return table?.core instanceof z.ZodArray ? [inside] : { alice: inside }
  }, value)
}

test.each(KEY_ROWS.map((row) => [row.path.join('.'), row] as const))(
  '%s says what is wrong in the words of the house',
  (_, row) => {
    for (const value of VALUES) {
      const issues = schema.safeParse(holding(row, value)).error?.issues ?? []
      const said = issues
        .filter(({ code, path }) => code !== 'unrecognized_keys' && path.length >= row.path.length)
        .map(({ message }) => message)
      for (const message of said) {
        expect(message).not.toMatch(NOT_THE_HOUSES)
        expect(message).not.toBe('')
      }
    }
  },
)

const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const FRONT = '[front]\ndomain = "www.example.org"\naddress = "built-in"\n'
const USER = `[users.alice]\nsecret = "${KEY}"\n`

function told(text: string): string[] {
  const loaded = readConfig(text, '/srv/portico.toml', {})
  return loaded.ok ? [] : loaded.problems.map(({ key, message }) => `${key}: ${message}`)
}

describe('what is allowed, and the nearest remedy', () => {
  test.each([
    ['[limits]\nper_address = 0', 'limits.per_address: at least 1 is needed, or "off"'],
    ['[limits]\nunauthenticated = 0', 'limits.unauthenticated: at least 1 is needed, or "auto"'],
    ['[limits]\nfirst_data = "0s"', 'limits.first_data: at least 1s is needed, or "auto"'],
    ['[limits]\nfirst_data = 30', 'limits.first_data: lacks a unit: write "30s"'],
    ['[limits]\nsilence = 0', 'limits.silence: expected "off" or a duration from 1s to 1h, got 0'],
    [
      '[limits]\nsilence = "of"',
      'limits.silence: "of" is not a duration such as "30s", "10m" or "30d", or "off"',
    ],
    ['[limits]\nidle = -1', 'limits.idle: expected a duration from 10s to 30d, got -1'],
    ['[limits]\nsessions = "500"', 'limits.sessions: expected a whole number, got "500" in quotes'],
    ['[process]\nworkers = 0', 'process.workers: at least 1 is needed, or "auto"'],
    [
      '[process]\nworkers = "two"',
      'process.workers: expected "auto" or a whole number from 1 to 256, got "two"',
    ],
    ['[replay]\ncapacity = 10', 'replay.capacity: at least 1000 is needed, or "auto"'],
    ['[replay]\ncapacity = 1_000_000_000', 'replay.capacity: at most 100000000 is possible, or "auto"'],
    ['[telegram]\nunknown_dc = 40000', 'telegram.unknown_dc: at most 32767 is possible, or "refuse"'],
    ['[telegram]\nprobe = "1s"', 'telegram.probe: at least 10s is needed, or "off"'],
    [
      '[telegram.middle]\nstun = ["[::1]:99999"]',
      'telegram.middle.stun: "[::1]:99999": a port is 1 to 65535',
    ],
    ['[metrics]\nlisten = 9443', 'metrics.listen: expected text, got 9443: write "9443"'],
    [
      '[metrics]\nallow = "10.0.0.0/8"',
      'metrics.allow: expected a list, got "10.0.0.0/8": write ["10.0.0.0/8"]',
    ],
    ['[metrics]\nper_user = "true"', 'metrics.per_user: expected true or false, got "true" in quotes'],
    ['[[log]]', 'log: expected a table, got a list'],
    ['[listener]\naddress = "1"', 'listener: expected tables such as [[listener]]'],
    ['[[listener]]\naddress = "1"\nmodes = ""', 'listener.0.modes: expected a list, got ""'],
  ])('%s', (table, message) => {
    expect(told(`${FRONT}${USER}${table}\n`)).toEqual([message])
  })

  test.each([
    [
      'a quota without a unit',
      'quota = { bytes = 5 }',
      'quota.bytes: "5" lacks a unit: write "5 B", "5 MiB" …',
    ],
    ['no plan', 'plan = ""', 'plan: must not be empty'],
    ['a plan with an odd name', 'plan = "a b"', 'plan: there is no plan "a b"; add a table [plans."a b"]'],
    ['no upstream', 'upstream = ""', 'upstream: must not be empty'],
    // 17 digits of it would stand in the message.
    ['a tag of digits alone', `ad_tag = ${'1'.repeat(32)}`, 'ad_tag: expected text in quotes, got a number'],
    [
      'an old secret that is no table',
      `previous = "${KEY}"`,
      'previous: expected tables such as { secret = "…", until = 2027-01-31T12:00:00Z }',
    ],
  ])('of a user: %s', (_, line, message) => {
    expect(told(`${FRONT}${USER}${line}\n`)).toEqual([`users.alice.${message}`])
  })

  test('nowhere to listen', () => {
    expect(told(`listen = []\n${FRONT}${USER}`)).toEqual(['listen: at least one address is needed'])
  })

  test('no table of users', () => {
    expect(told(`users = 5\n${FRONT}`)).toEqual(['users: expected tables such as [users.alice]'])
  })

  test('no address but a number', () => {
    expect(told(`[front]\ndomain = "www.example.org"\naddress = 8443\n${USER}`)).toEqual([
      'front.address: "8443" is a port alone: write "127.0.0.1:8443", or "built-in"',
    ])
  })
})
