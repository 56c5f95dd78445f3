import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseUpstreamUrl, SHADOWSOCKS_KEYS } from './upstream-url.ts'

const server = (host: string, port: number) => ({ kind: 'tcp', host, port })
const KEY = Buffer.alloc(16, 7).toString('base64')

describe('parseUpstreamUrl', () => {
  test.each([
    ['direct:', { kind: 'direct' }],
    ['socks5://192.0.2.1', { kind: 'socks5', server: server('192.0.2.1', 1080) }],
    [
      'socks5://me:p%40ss%3a@proxy.example.org:9050',
      { kind: 'socks5', server: server('proxy.example.org', 9050), user: 'me', password: 'p@ss:' },
    ],
    ['socks5h://[2001:db8::1]:1080/', { kind: 'socks5', server: server('2001:db8::1', 1080) }],
    ['socks4://me@192.0.2.1:1081', { kind: 'socks4', server: server('192.0.2.1', 1081), user: 'me' }],
    ['http://192.0.2.1', { kind: 'http', server: server('192.0.2.1', 8080) }],
    [
      'ss://aes-256-gcm:secret@192.0.2.1:8388#my server',
      { kind: 'shadowsocks', server: server('192.0.2.1', 8388), method: 'aes-256-gcm', password: 'secret' },
    ],
    [
      `ss://${Buffer.from('chacha20-ietf-poly1305:a:b').toString('base64url')}@192.0.2.1:1`,
      {
        kind: 'shadowsocks',
        server: server('192.0.2.1', 1),
        method: 'chacha20-ietf-poly1305',
        password: 'a:b',
      },
    ],
    [
      `ss://2022-blake3-aes-128-gcm:${encodeURIComponent(KEY)}@192.0.2.1:1`,
      {
        kind: 'shadowsocks',
        server: server('192.0.2.1', 1),
        method: '2022-blake3-aes-128-gcm',
        password: KEY,
      },
    ],
  ])('%s', (text, value) => {
    expect(parseUpstreamUrl(text)).toEqual({ ok: true, value })
  })

  test.each([
    'socks6://192.0.2.1',
    '192.0.2.1:1080',
    'socks5://',
    'socks5://host:0',
    'socks5://host:99999',
    'socks5://a%zz@host',
    'http://a%0d%0aHost:x@host',
    `socks5://${'x'.repeat(256)}:p@host`,
    'ss://rc4-md5:secret@host:1',
    'ss://2022-blake3-aes-256-gcm:short@host:1',
    'ss://constructor:x@host:1',
  ])('%s is refused without repeating it', (text) => {
    const parsed = parseUpstreamUrl(text)
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.message).not.toContain('secret')
  })

  test('any text is understood or refused', () => {
    const part = fc.constantFrom(
      'socks5',
      'ss',
      'http',
      '://',
      ':',
      '@',
      '/',
      '[',
      ']',
      '::1',
      '%',
      'a',
      '1',
      '#',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        expect(typeof parseUpstreamUrl(parts.join('')).ok).toBe('boolean')
      }),
    )
  })

  test('every method has the length of its key', () => {
    expect(
      Object.entries(SHADOWSOCKS_KEYS).every(([name, size]) => name.startsWith('2022') === size > 0),
    ).toBe(true)
  })
})
