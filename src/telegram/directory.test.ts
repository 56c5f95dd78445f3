import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../net/endpoint.ts'
import { Directory, type DirectoryOptions } from './directory.ts'

const at = (host: string): Endpoint => ({ kind: 'tcp', host, port: 443 })

function directory(options: Partial<DirectoryOptions> = {}): Directory {
  return new Directory({ data_centres: {}, prefer: 'ipv4', unknown_dc: 'refuse', ...options })
}

describe('Directory', () => {
  test.each([1, 2, 3, 4, 5, 203, 10001, 10002, 10003])('%i and its media form are known', (dc) => {
    expect(directory().road(dc)?.addresses.length).toBeGreaterThan(0)
    expect(directory().road(-dc)).toEqual(directory().road(dc))
  })

  test.each([0, 6, -6, 204, 10004, 32767, -32768])('%i is refused', (dc) => {
    expect(directory().road(dc)).toBeUndefined()
  })

  test('an unknown number may mean another', () => {
    expect(directory({ unknown_dc: 2 }).road(77)).toEqual(directory().road(2))
  })

  test('an entry of the configuration replaces the built-in one, and only media where it says so', () => {
    const changed = directory({ data_centres: { 2: [at('192.0.2.2')], '-4': [at('192.0.2.4')] } })
    expect(changed.road(-2)?.addresses).toEqual([at('192.0.2.2')])
    expect(changed.road(-4)?.addresses).toEqual([at('192.0.2.4')])
    expect(changed.road(4)).toEqual(directory().road(4))
  })

  test('families are preferred or excluded', () => {
    const families = (prefer: DirectoryOptions['prefer']) =>
      directory({ prefer })
        .road(2)
        ?.addresses.map((endpoint) => (endpoint.kind === 'tcp' && endpoint.host.includes(':') ? 6 : 4))
    expect(families('ipv4')).toEqual([4, 4, 6])
    expect(families('ipv6')).toEqual([6, 4, 4])
    expect(families('only-ipv4')).toEqual([4, 4])
    expect(families('only-ipv6')).toEqual([6])
  })

  test('a centre without an address of the only family has no road', () => {
    expect(directory({ prefer: 'only-ipv6', data_centres: { 2: [at('192.0.2.2')] } }).road(2)).toBeUndefined()
  })
})
