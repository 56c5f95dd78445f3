import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { upstreamCompliance } from '../../test/compliance/upstream.ts'
import { shadowsocks } from '../../test/doubles/shadowsocks-dialect.ts'
import { SHADOWSOCKS_KEYS } from '../config/upstream-url.ts'
import { METHODS } from '../protocol/shadowsocks/method.ts'
import { ShadowsocksUpstream } from './shadowsocks.ts'

test('the configuration knows the methods that there are, and the keys of 2022', () => {
  const keys = Object.entries(METHODS).map(([name, { edition, keySize }]) => [
    name,
    edition === '2022' ? keySize : 0,
  ])
  expect(SHADOWSOCKS_KEYS).toEqual(Object.fromEntries(keys))
})

const DEPENDENCIES = { random: randomBytes, unixSeconds: () => Math.floor(Date.now() / 1000) }

for (const [method, password] of [
  ['aes-256-gcm', 'word'],
  ['chacha20-ietf-poly1305', 'word'],
  ['2022-blake3-aes-128-gcm', randomBytes(16).toString('base64')],
  ['2022-blake3-aes-256-gcm', randomBytes(32).toString('base64')],
] as const) {
  upstreamCompliance({
    name: method,
    make: (server, resources, bind) =>
      new ShadowsocksUpstream(
        { name: method, server, bind, method, password },
        { ...resources, ...DEPENDENCIES },
      ),
    dialect: shadowsocks(METHODS[method], password),
    targets: ['dc2.example.org', '192.0.2.7', '2001:db8::7'],
    garbage: [
      [Buffer.alloc(2000, 7), 'auth'],
      [Buffer.from(`HTTP/1.1 400 Bad Request\r\n\r\n${' '.repeat(200)}`), 'auth'],
    ],
  })
}
