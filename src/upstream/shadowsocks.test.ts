import { expect, test } from 'vitest'
import { SHADOWSOCKS_KEYS } from '../config/upstream-url.ts'
import { METHODS } from '../protocol/shadowsocks/method.ts'

test('the configuration knows the methods that there are, and the keys of 2022', () => {
  const keys = Object.entries(METHODS).map(([name, { edition, keySize }]) => [
    name,
    edition === '2022' ? keySize : 0,
  ])
  expect(SHADOWSOCKS_KEYS).toEqual(Object.fromEntries(keys))
})
