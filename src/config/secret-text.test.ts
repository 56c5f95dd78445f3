import { expect, test } from 'vitest'
import { parseUserSecret } from './secret-text.ts'

const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const NAME = Buffer.from('www.example.org').toString('hex')
const FAKE_TLS = `ee${KEY}${NAME}`
const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

test('a key', () => {
  expect(parseUserSecret(KEY)).toEqual({ ok: true, value: KEY })
  expect(parseUserSecret(` ${KEY.toUpperCase()} `)).toEqual({ ok: true, value: KEY })
})

test.each([
  ['the secret of a link', FAKE_TLS],
  ['the secret of a link', `dd${KEY}`],
  ['the secret of a link', base64url(FAKE_TLS)],
  ['the secret of a link', base64url(`dd${KEY}`)],
  ['the secret of a link', Buffer.from(KEY, 'hex').toString('base64')],
  ['a whole proxy link', `tg://proxy?server=p.example&port=443&secret=${FAKE_TLS}`],
  ['a whole proxy link', `https://t.me/proxy?server=p.example&port=443&secret=${base64url(FAKE_TLS)}`],
  [
    'a whole proxy link',
    `tg://proxy?secret=${encodeURIComponent(Buffer.from(`dd${KEY}`, 'hex').toString('base64'))}`,
  ],
])('%s is recognised and explained: %s', (what, text) => {
  const parsed = parseUserSecret(text)
  expect(parsed).toMatchObject({ ok: false, message: expect.stringContaining(`this is ${what}`) })
  expect(JSON.stringify(parsed)).not.toContain(KEY)
})

test('the name in a pasted secret is shown with its place', () => {
  expect(parseUserSecret(FAKE_TLS)).toMatchObject({
    message: expect.stringContaining('"www.example.org" belongs into front.domain'),
  })
})

test.each([
  ['0'.repeat(32), 'all zeros'],
  [`dd${'0'.repeat(32)}`, 'all zeros'],
  [KEY.slice(1), 'needs 32 hexadecimal digits, has 31'],
  ['', 'needs 32 hexadecimal digits'],
  ['correct horse', 'needs 32 hexadecimal digits'],
  ['tg://proxy?server=x', 'needs 32 hexadecimal digits'],
  ['tg://proxy?secret=%zz', 'needs 32 hexadecimal digits'],
  ['f'.repeat(5000), 'has 5000'],
])('%s is refused', (text, message) => {
  expect(parseUserSecret(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
})
