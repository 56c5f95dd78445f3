import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, vectors } from '../../test/vectors/vectors.ts'
import { formatLink, parseLink } from './link.ts'
import { formatSecret, parseSecret, type Secret } from './secret.ts'

const KINDS = { plain: 'plain', dd: 'secure', ee: 'tls' } as const
const KEY = '00112233445566778899aabbccddeeff'

const keys = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b))
const secrets: fc.Arbitrary<Secret> = fc.oneof(
  fc.record({ kind: fc.constantFrom('plain' as const, 'secure' as const), key: keys }),
  fc.record({
    kind: fc.constant('tls' as const),
    key: keys,
    domain: fc.domain().filter((d) => d.length <= 182),
  }),
)

describe.each(vectors.secrets)('secret $kind', (v) => {
  const key = hex(v.key)
  const expected =
    v.domain_text === null
      ? { kind: KINDS[v.kind as 'plain' | 'dd'], key }
      : { kind: 'tls' as const, key, domain: v.domain_text }

  it.each([v.hex_form, v.hex_form.toUpperCase(), v.base64url_form, v.base64_form])('reads %s', (text) => {
    expect(parseSecret(text)).toEqual({ ok: true, secret: expected })
  })

  it('is written as hex, and in links', () => {
    expect(formatSecret(expected)).toBe(v.hex_form)
    const link = { server: 'proxy.example.org', port: 443, secret: expected }
    expect(formatLink(link)).toEqual({ tg: v.tg_link, https: v.https_link })
    expect(parseLink(v.tg_link)).toEqual({ ok: true, link })
    expect(parseLink(v.https_link)).toEqual({ ok: true, link })
  })
})

describe('parseSecret', () => {
  it.each([
    ['', 'not_encoded'],
    ['not a secret', 'not_encoded'],
    ['===', 'not_encoded'],
    [KEY.slice(2), 'wrong_length'],
    [`dd${KEY}00`, 'wrong_length'],
    ['a'.repeat(399), 'wrong_length'],
    [`ef${KEY}`, 'unknown_kind'],
    [`00${KEY}6578616d706c652e636f6d`, 'unknown_kind'],
    [`ee${KEY}`, 'bad_domain'],
    [`ee${KEY}612e62`, 'bad_domain'],
    [hex(`ee${KEY}${'61'.repeat(183)}`).toString('base64url'), 'bad_domain'],
    [`ee${KEY}6578616d706c6520636f6d`, 'bad_domain'],
    [`ee${KEY}65786100706c652e636f6d`, 'bad_domain'],
    [`ee${KEY}${Buffer.from('пример.рф').toString('hex')}`, 'bad_domain'],
  ])('%.40s: %s', (text, code) => {
    expect(parseSecret(text)).toMatchObject({ ok: false, code })
  })

  it('takes a domain of 4 and of 182 bytes', () => {
    for (const domain of ['t.me', 'a'.repeat(182)]) {
      const text = `ee${KEY}${Buffer.from(domain).toString('hex')}`
      expect(parseSecret(text)).toMatchObject({ ok: true, secret: { domain } })
    }
  })

  it('reads a text that is both hex and base64 as hex', () => {
    expect(parseSecret(KEY)).toMatchObject({ secret: { kind: 'plain', key: hex(KEY) } })
  })

  it('never says the secret in its message', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), (text) => {
        const reading = parseSecret(text)
        return reading.ok || !reading.message.includes(text)
      }),
    )
  })

  it('round trip', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        expect(parseSecret(formatSecret(secret))).toEqual({ ok: true, secret })
      }),
    )
  })
})

describe('parseLink', () => {
  const good = { server: 'h', port: '1', secret: KEY }
  const link = (o: Partial<typeof good>) => `tg://proxy?${new URLSearchParams({ ...good, ...o })}`

  it.each([
    ['', 'not_a_proxy_link'],
    ['https://example.com/proxy?server=h&port=1&secret=00', 'not_a_proxy_link'],
    ['tg://socks?server=h&port=1', 'not_a_proxy_link'],
    [`tg://proxy?${'x'.repeat(3_000)}`, 'not_a_proxy_link'],
    [link({ server: '' }), 'bad_server'],
    [link({ server: 'я'.repeat(128) }), 'bad_server'],
    [link({ port: '0' }), 'bad_port'],
    [link({ port: '65536' }), 'bad_port'],
    [link({ port: '4e2' }), 'bad_port'],
    [link({ secret: 'zz' }), 'wrong_length'],
    ['tg://proxy?server=h&port=443', 'not_encoded'],
  ])('%.40s: %s', (text, code) => {
    expect(parseLink(text)).toMatchObject({ ok: false, code })
  })

  it.each([
    `tg:proxy?server=h&port=1&secret=${KEY}`,
    `http://t.me/proxy?secret=${KEY}&port=1&server=h`,
    `https://T.ME/proxy/?server=h&port=1&secret=${KEY}&more=1#top`,
  ])('reads %s', (text) => {
    expect(parseLink(text)).toMatchObject({ ok: true, link: { server: 'h', port: 1 } })
  })

  it('round trip, any server name', () => {
    const servers = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    const ports = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(servers, ports, secrets, (server, port, secret) => {
        const written = formatLink({ server, port, secret })
        for (const text of [written.tg, written.https]) {
          expect(parseLink(text)).toEqual({ ok: true, link: { server, port, secret } })
        }
      }),
    )
  })

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseLink(`tg://proxy?${text}`).ok === 'boolean'))
  })
})
