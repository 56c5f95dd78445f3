import { expect, test } from 'vitest'
import { parseDnsServer } from './dns-server.ts'

test.each([
  ['system', { kind: 'system' }],
  ['udp://9.9.9.9', { kind: 'udp', host: '9.9.9.9', port: 53 }],
  ['udp://[2620:fe::fe]:5353', { kind: 'udp', host: '2620:fe::fe', port: 5353 }],
  ['tls://dns.quad9.net', { kind: 'tls', host: 'dns.quad9.net', port: 853 }],
  ['tls://9.9.9.9:8853#dns.quad9.net', { kind: 'tls', host: '9.9.9.9', port: 8853, name: 'dns.quad9.net' }],
  ['https://dns.quad9.net/dns-query', { kind: 'https', url: 'https://dns.quad9.net/dns-query' }],
])('%s', (text, value) => {
  expect(parseDnsServer(text)).toEqual({ ok: true, value })
})

test.each([
  '9.9.9.9',
  'udp://',
  'udp://9.9.9.9:0',
  'udp://9.9.9.9#dns.quad9.net',
  'tcp://9.9.9.9',
  'http://dns.example.org/',
  'https://me:word@dns.example.org/',
  'tls://9.9.9.9:99999',
])('%s is no DNS server', (text) => {
  expect(parseDnsServer(text).ok).toBe(false)
})
