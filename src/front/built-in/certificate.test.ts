import { randomBytes, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keptIdentity } from './certificate.ts'

const DAY = 86_400_000
const start = Date.UTC(2026, 5, 1)
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  path = join(folder, 'site', 'certificate.pem')
})
afterEach(() => rmSync(folder, { recursive: true }))

const kept = (domain = 'www.example.org', now = start) =>
  keptIdentity(path, domain, { now: () => now, random: (n) => randomBytes(n) })

test('a certificate of the usual self-made form', async () => {
  const { identity, made } = await kept()
  const cert = new X509Certificate(identity.cert)
  expect(made).toBe(true)
  expect(cert.subject).toBe('CN=www.example.org')
  expect(cert.issuer).toBe('CN=www.example.org')
  expect(cert.subjectAltName).toBe('DNS:www.example.org')
  expect(cert.verify(cert.publicKey)).toBe(true)
  expect(cert.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  expect(cert.serialNumber).toMatch(/^[4-7][0-9A-F]{39}$/)
  expect(cert.validToDate.getTime() - cert.validFromDate.getTime()).toBe(365 * DAY)
  expect(identity.cert).toMatch(
    /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n$/,
  )
})

test('no other is made while it is good, and rights are kept at 0600', async () => {
  const first = await kept()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'site')).mode & 0o777).toBe(0o700)
  chmodSync(path, 0o644)
  expect(await kept('www.example.org', start + 334 * DAY)).toEqual({ identity: first.identity, made: false })
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test.each<[string, string, number]>([
  ['it ends within a month', 'www.example.org', start + 336 * DAY],
  ['it has ended', 'www.example.org', start + 900 * DAY],
  ['the clock was wrong when it was made', 'www.example.org', start - 30 * DAY],
  ['the domain is another', 'www.example.net', start],
])('a new one when %s', async (_, domain, now) => {
  const first = await kept()
  const next = await kept(domain, now)
  expect(next.made).toBe(true)
  expect(next.identity.key).not.toBe(first.identity.key)
  expect(await kept(domain, now)).toEqual({ identity: next.identity, made: false })
})

test('a damaged file is replaced', async () => {
  const { identity } = await kept()
  const other = await keptIdentity(join(folder, 'other.pem'), 'www.example.org', {
    now: () => start,
    random: (n) => randomBytes(n),
  })
  const damaged = ['', 'nonsense', identity.key, identity.cert, other.identity.key + identity.cert]
  for (const text of damaged) {
    writeFileSync(path, text)
    expect((await kept()).made).toBe(true)
  }
  expect(readFileSync(path, 'utf8')).toContain('BEGIN CERTIFICATE')
})

test.each([
  ['*.example.org', 'DNS:*.example.org'],
  ['192.0.2.7', 'IP Address:192.0.2.7'],
  [`${'a'.repeat(60)}.example.org`, `DNS:${'a'.repeat(60)}.example.org`],
])('for %s', async (domain, names) => {
  expect(new X509Certificate((await kept(domain)).identity.cert).subjectAltName).toBe(names)
  expect((await kept(domain)).made).toBe(false)
})
