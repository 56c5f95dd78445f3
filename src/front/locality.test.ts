import { expect, test } from 'vitest'
import { isNear } from './locality.ts'

const tcp = (host: string) => ({ kind: 'tcp', host, port: 443 }) as const

test.each([
  '127.0.0.1',
  '127.8.9.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.9.9',
  '192.168.1.1',
  '169.254.1.1',
  '::1',
  '[::1]',
  'fd00::1',
  'fe80::1',
  'localhost',
  'nginx',
  '',
])('%s is near', (host) => expect(isNear(tcp(host))).toBe(true))

test.each([
  '203.0.113.7',
  '172.32.0.1',
  '100.64.0.1',
  '2001:db8::1',
  'fde.example',
  'www.example.org',
  '10.example.org',
])('%s is remote', (host) => expect(isNear(tcp(host))).toBe(false))

test('a unix socket is near', () => expect(isNear({ kind: 'unix', path: '/run/site.sock' })).toBe(true))
