import { describe, expect, test } from 'vitest'
import { parseFrontAddress, parseListenAddress, parseTargetAddress, parseTcpAddress } from './address.ts'

const tcp = (host: string, port: number) => ({ ok: true, value: { kind: 'tcp', host, port } })

describe('where to listen', () => {
  test.each([
    ['443', tcp('', 443)],
    [':443', tcp('', 443)],
    ['*:443', tcp('', 443)],
    ['127.0.0.1:8443', tcp('127.0.0.1', 8443)],
    ['0.0.0.0:443', tcp('0.0.0.0', 443)],
    ['[::1]:443', tcp('::1', 443)],
    ['[::]:443', tcp('::', 443)],
    ['unix:/run/portico.sock', { ok: true, value: { kind: 'unix', path: '/run/portico.sock' } }],
  ])('%s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected)
  })

  test.each([
    ['0', '1 to 65535'],
    ['65536', '1 to 65535'],
    ['-1', '"-1": a port is 1 to 65535'],
    ['1.5', '"1.5": a port is 1 to 65535'],
    ['::1', 'put the address into brackets and add the port, "[::1]:443"'],
    ['::1:443', 'put the address into brackets, "[::1]:443"'],
    ['2001:db8::7:8443', 'put the address into brackets, "[2001:db8::7]:8443"'],
    ['2001:db8::ab', 'add the port, "[2001:db8::ab]:443"'],
    ['::ffff:192.0.2.1:443', 'put the address into brackets, "[::ffff:192.0.2.1]:443"'],
    ['[::1]', '"[::1]" lacks the port: write "[::1]:443"'],
    ['localhost', 'such as "127.0.0.1:443", not a name'],
    ['-x-', 'is not an address: write "127.0.0.1:8443"'],
    ['localhost:443', 'not a name'],
    ['256.1.1.1:443', 'not a name'],
    ['127.0.0.1', 'lacks the port: write "127.0.0.1:443"'],
    ['[::zz]:443', 'is not an IPv6 address'],
    ['http://x:1', 'is a URL'],
    ['unix:', 'lacks the path'],
    [`unix:/${'x'.repeat(107)}`, 'at most 107 bytes'],
    ['', 'is not an address'],
    ['a b:1', 'is not an address'],
  ])('%s is refused', (text, message) => {
    expect(parseListenAddress(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })
})

describe('where to connect', () => {
  test.each([
    ['Front.example:8443', tcp('front.example', 8443)],
    ['localhost:8443', tcp('localhost', 8443)],
    ['127.0.0.1:8443', tcp('127.0.0.1', 8443)],
    ['[2001:DB8::1]:443', tcp('2001:db8::1', 443)],
    ['unix:/run/nginx.sock', { ok: true, value: { kind: 'unix', path: '/run/nginx.sock' } }],
  ])('%s', (text, expected) => {
    expect(parseTargetAddress(text)).toEqual(expected)
  })

  test.each([
    ['8443', 'write "127.0.0.1:8443"'],
    ['99999', 'a port is 1 to 65535'],
    ['-x-', 'is not an address'],
    ['front.example', 'lacks the port'],
    ['-x-:1', 'neither a host name nor an address'],
    ['https://front.example:443', 'is a URL'],
  ])('%s is refused', (text, message) => {
    expect(parseTargetAddress(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })

  test('the built-in site', () => {
    expect(parseFrontAddress('built-in')).toEqual({ ok: true, value: 'built-in' })
    expect(parseFrontAddress('builtin')).toEqual({
      ok: false,
      message: '"builtin" is not an address; did you mean "built-in"?',
    })
    expect(parseFrontAddress('front.example')).toEqual({
      ok: false,
      message: '"front.example" lacks the port: write "front.example:443", or "built-in"',
    })
  })

  test('a data centre has no unix socket', () => {
    expect(parseTcpAddress('unix:/x')).toMatchObject({ ok: false })
  })
})
