import { expect, test } from 'vitest'
import { parseDomain, parseServerHost, parseSiteDomain } from './host-name.ts'

test.each([
  'www.example.org',
  'a.io',
  'x_1.example',
  '1a.example',
  `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}`,
])('domain %s', (name) => {
  expect(parseDomain(name.toUpperCase())).toEqual({ ok: true, value: name })
})

test.each([
  ['a.b', 'has 3 bytes'],
  [`${'a.'.repeat(91)}b`, 'has 183 bytes'],
  ['1.2.3.4', 'is an address'],
  ['::1:1', 'is an address'],
  ['https://example.org', 'is a URL'],
  ['www.example.org:443', '"www.example.org:443": leave out the port, "www.example.org"'],
  ['192.0.2.1:443', '"192.0.2.1" is an address'],
  ['пример.рф', 'write "xn--e1afmkfd.xn--p1ai"'],
  ['example.org.', 'leave out the dot'],
  ['-a.example', 'is not a host name'],
  ['a..example', 'is not a host name'],
  ['a b.example', 'is not a host name'],
  ['*.example.org', 'is not a host name'],
  [`${'a'.repeat(64)}.example`, 'is not a host name'],
])('no domain: %s', (text, message) => {
  expect(parseDomain(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
})

test('a site may stand for every name one label under it', () => {
  expect(parseSiteDomain('*.Example.org')).toEqual({ ok: true, value: '*.example.org' })
  expect(parseSiteDomain('*.*.example.org').ok).toBe(false)
})

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['2001:DB8::7', '2001:db8::7'],
  ['P.example', 'p.example'],
])('server %s', (text, host) => {
  expect(parseServerHost(text)).toEqual({ ok: true, value: host })
})

test.each(['https://p.example', 'p.example:443', 'p/x', '', 'é.example'])('no server: %s', (text) => {
  expect(parseServerHost(text).ok).toBe(false)
})
