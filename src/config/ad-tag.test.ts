import { describe, expect, test } from 'vitest'
import { readConfig } from './load.ts'

const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const TAG = 'A1A2A3A4A5A6A7A8A9AAABACADAEAFB0'
const OTHER = '0123456789abcdef0123456789abcdef'
const FRONT = '[front]\ndomain = "www.example.org"\naddress = "127.0.0.1:8443"\n'

function load(text: string) {
  return readConfig(`${text}\n${FRONT}`, '/srv/portico/portico.toml', {})
}

function tagsOf(text: string): Record<string, string | undefined> {
  const loaded = load(text)
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join())
  return Object.fromEntries(Object.entries(loaded.config.users).map(([name, user]) => [name, user.ad_tag]))
}

describe('ad tags', () => {
  test('of the user, else of the plan, else of all', () => {
    const users = `
[plans.paid]
ad_tag = "${OTHER}"
[users.own]
secret = "${KEY}"
ad_tag = "${TAG}"
plan = "paid"
[users.planned]
secret = "${KEY.replace('8f', '00')}"
plan = "paid"
[users.plain]
secret = "${KEY.replace('8f', '01')}"`
    expect(tagsOf(users)).toEqual({ own: TAG.toLowerCase(), planned: OTHER, plain: undefined })
    const all = `${users}\n[telegram]\nad_tag = "${'0'.repeat(32)}"`
    expect(tagsOf(all)).toEqual({ own: TAG.toLowerCase(), planned: OTHER, plain: '0'.repeat(32) })
  })

  test('what is none says so', () => {
    const loaded = load(`[users.a]\nsecret = "${KEY}"\nad_tag = "abc"`)
    expect(loaded.ok).toBe(false)
    if (!loaded.ok) expect(loaded.problems[0]!.message).toContain('is not an ad tag')
  })
})

describe('public_addresses', () => {
  test.each([
    ['"auto"', ['auto']],
    ['["203.0.113.5", "2001:db8::5"]', ['203.0.113.5', '2001:db8::5']],
  ])('%s', (given, expected) => {
    const loaded = load(`public_addresses = ${given}\n[users.a]\nsecret = "${KEY}"`)
    expect(loaded.ok && loaded.config.public_addresses).toEqual(expected)
  })

  test('a name is refused', () => {
    expect(load('public_addresses = ["proxy.example"]').ok).toBe(false)
  })
})
