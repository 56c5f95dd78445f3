import { expect, test } from 'vitest'
import { siteWarnings } from './checks.ts'
import type { Site, SiteFacts } from './site.ts'

const site = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8443 } } as const
const good: SiteFacts = {
  reachable: true,
  selfTarget: false,
  tls13: true,
  mlkem: true,
  records: { tdlib: 1, darwin: 1, legacy: 1 },
  flightBytes: { tdlib: 2977, darwin: 2977, legacy: 1889 },
  encryptedBytes: { tdlib: 1751, darwin: 1751, legacy: 1751 },
  varying: [],
  unmirrorable: {},
}
const without = { tls13: false, mlkem: false, records: {}, flightBytes: {}, encryptedBytes: {} }
const all = <T>(value: T) => ({ tdlib: value, darwin: value, legacy: value })

test('a front of one record on this machine gives no warning', () => {
  expect(siteWarnings(site, good)).toEqual([])
})

test.each<[string, Partial<SiteFacts>, string[]]>([
  ['portico itself', { selfTarget: true, records: all(4) }, ['front_is_portico']],
  ['nobody there', { ...without, reachable: false }, ['front_unreachable']],
  ['TLS 1.2 only', { ...without, unmirrorable: all('tls12') }, ['front_no_tls13']],
  ['an alert', { ...without, unmirrorable: all('alert') }, ['front_refuses_name']],
  ['plain HTTP', { ...without, unmirrorable: all('not_tls') }, ['front_not_tls']],
  [
    'a HelloRetryRequest to everybody',
    { ...without, tls13: true, unmirrorable: all('hello_retry_request') },
    ['front_hello_retry'],
  ],
  [
    'a HelloRetryRequest to old apps',
    { records: { tdlib: 1, darwin: 1 }, unmirrorable: { legacy: 'hello_retry_request' } },
    ['front_hello_retry'],
  ],
  [
    'an alert to old apps',
    { records: { tdlib: 1 }, unmirrorable: { legacy: 'alert' } },
    ['front_refuses_client'],
  ],
  ['a close', { ...without, unmirrorable: all('front_ended') }, ['front_not_tls']],
  ['an endless flight', { unmirrorable: { darwin: 'too_long' } }, ['front_unusual_flight']],
  ['X25519 only', { mlkem: false }, ['front_no_mlkem']],
  ['four records', { records: all(4) }, ['front_many_records']],
  ['changing records', { varying: ['tdlib'] }, ['front_varying_records']],
  ['a long chain', { encryptedBytes: all(10_241) }, ['front_flight_too_long']],
  ['a chain as long as allowed', { encryptedBytes: all(10_240) }, []],
  [
    'several at once',
    { records: all(5), mlkem: false, encryptedBytes: all(12_000) },
    ['front_flight_too_long', 'front_no_mlkem', 'front_many_records'],
  ],
])('%s', (_, facts, codes) => {
  const warnings = siteWarnings(site, { ...good, ...facts })
  expect(warnings.map(({ code }) => code)).toEqual(codes)
  for (const { message } of warnings) expect(message).toContain('127.0.0.1:8443')
})

test('a front elsewhere', () => {
  const remote = { ...site, endpoint: { kind: 'tcp', host: 'www.example.org', port: 443 } } as const
  expect(siteWarnings(remote, good).map(({ code }) => code)).toEqual(['front_remote'])
})

test('an interface whose packets end where Android stumbles is named', () => {
  const warnings = siteWarnings(site, good, [
    { name: 'eth0', mtu: 1500 },
    { name: 'wg0', mtu: 1272 },
  ])
  expect(warnings.map(({ code }) => code)).toEqual(['front_flight_cut'])
  expect(warnings[0]!.message).toContain('1215 bytes, and packets of wg0 (MTU 1272, IPv4)')
})

/** What is said where nothing but this is wrong. */
function only(facts: Partial<SiteFacts>, more: Partial<Site> = {}): string {
  const [first, ...rest] = siteWarnings({ ...site, ...more }, { ...good, ...facts })
  expect(rest).toEqual([])
  return first!.message
}

test('an alert to some clients is said in one word, with the groups as the remedy', () => {
  const message = only({ records: { tdlib: 1 }, unmirrorable: { darwin: 'alert', legacy: 'alert' } })
  expect(message).toContain('Telegram apps on Apple systems, older Telegram apps with a TLS alert')
  expect(message).toContain('X25519MLKEM768:X25519')
  expect(message).not.toMatch(/\(alert\)|another web server/)
})

test('a server that closes may lack the name, and one that talks has another port', () => {
  const closes = only({ ...without, unmirrorable: all('front_ended') })
  expect(closes).toContain('certificate for www.example.org')
  expect(closes).toContain('HTTPS port')
  expect(closes).toContain('proxy_protocol')
  const talks = only({ ...without, unmirrorable: all('not_tls') })
  expect(talks).toContain('HTTPS port')
  expect(talks).not.toContain('certificate')
})

test('the built-in site is called so, and not by its port', () => {
  const message = only({ records: all(4) }, { builtIn: true })
  expect(message).toMatch(/^The built-in site \(www\.example\.org\) sends 4/)
})
