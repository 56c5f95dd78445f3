import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { vectors } from '../../test/vectors/vectors.ts'
import { HttpConnectHandshake, MAX_CONNECT_REPLY } from './http-connect.ts'
import { Socks4Handshake } from './socks/socks4-handshake.ts'
import { Socks5Handshake } from './socks/socks5-handshake.ts'
import type { TunnelHandshake, TunnelTarget } from './tunnel.ts'

const telegram: TunnelTarget = { host: '149.154.167.51', port: 443 }
const user = { user: 'user', password: 'pass' }

interface Played {
  readonly sent: string[]
  readonly end: string
  readonly rest?: string
  readonly bound?: TunnelTarget
}

/** Plays a proxy's bytes in pieces; what was sent, how it ended, and what is left for the target's stream. */
function play(handshake: TunnelHandshake, wire: Buffer, cuts: readonly number[] = []): Played {
  const sent = [handshake.begin().toString('hex')]
  let kept = Buffer.alloc(0)
  let at = 0
  for (const size of [...cuts, wire.length]) {
    kept = Buffer.concat([kept, wire.subarray(at, at + size)])
    at += size
    for (;;) {
      const step = handshake.read(kept)
      if (step.state === 'incomplete') break
      if (step.state === 'failed') return { sent, end: step.failure }
      kept = kept.subarray(step.consumed)
      if (step.state === 'open') {
        const rest = Buffer.concat([kept, wire.subarray(at)]).toString('hex')
        return { sent, end: 'open', rest, ...(step.bound && { bound: step.bound }) }
      }
      sent.push(step.bytes.toString('hex'))
    }
  }
  return { sent, end: 'incomplete' }
}

const hex = (text: string) => Buffer.from(text, 'hex')
const { socks5 } = vectors

describe('SOCKS5', () => {
  test('with user and password', () => {
    const wire = hex(
      `${socks5.server_choose_userpass}${socks5.server_auth_ok}${socks5.server_reply_ok_v4_zero}abcd`,
    )
    expect(play(new Socks5Handshake(telegram, user), wire)).toEqual({
      sent: [socks5.client_greeting_both, socks5.client_auth, socks5.client_connect_v4],
      end: 'open',
      rest: 'abcd',
    })
  })

  test.each([
    ['IPv6', '2001:67c:4e8:f002::a', socks5.client_connect_v6],
    ['a name', 'example.com', socks5.client_connect_domain],
  ])('without, to %s', (_what, host, request) => {
    const wire = hex(`0500${socks5.server_reply_ok_v4_zero}`)
    const { sent, end } = play(new Socks5Handshake({ host, port: 443 }), wire)
    expect(sent).toEqual([socks5.client_greeting_noauth_only, request])
    expect(end).toBe('open')
  })

  test.each([
    ['IPv4', '050005000001c6336407aabb', { host: '198.51.100.7', port: 0xaabb }],
    ['IPv6', `05000500000420010db8${'00'.repeat(11)}07aabb`, { host: '2001:db8::7', port: 0xaabb }],
    ['no port', '050005000001c63364070000', undefined],
    ['no address', '050005000001000000000050', undefined],
    ['a name', '0500050000030161aabb', undefined],
  ])('says its own end: %s', (_what, wire, bound) => {
    const { bound: told } = play(new Socks5Handshake(telegram), hex(wire))
    expect(told).toEqual(bound)
  })

  test.each([
    ['a bound name', '0500050000030161aabb'],
    ['a bound IPv6 address', `05000500000400000000000000000000000000000000aabb`],
  ])('%s is read to its end', (_what, wire) => {
    expect(play(new Socks5Handshake(telegram), hex(`${wire}ff`))).toMatchObject({ end: 'open', rest: 'ff' })
  })

  test.each([
    ['wants what we have not', '0502', 'protocol'],
    ['accepts nothing', '05ff', 'auth'],
    ['is SOCKS4', '005a', 'protocol'],
    ['refuses by its rules', '050005020001', 'forbidden'],
    ['cannot reach', '050005040001', 'unreachable'],
    ['was refused', '050005050001', 'refused'],
    ['knows another address kind', '0500050000020000', 'protocol'],
    ['fails in a new way', '050005f10001', 'error'],
  ])('a proxy that %s', (_what, wire, failure) => {
    expect(play(new Socks5Handshake(telegram), hex(wire)).end).toBe(failure)
  })

  test('a wrong password', () => {
    expect(play(new Socks5Handshake(telegram, user), hex('05020101')).end).toBe('auth')
  })

  test.each([[''], ['x'.repeat(256)]])('a field of another length is refused', (host) => {
    expect(() => new Socks5Handshake({ host, port: 1 })).toThrow(RangeError)
  })
})

describe('SOCKS4', () => {
  test('to an address, and with a name as 4a', () => {
    expect(new Socks4Handshake(telegram, 'me').begin().toString('hex')).toBe('040101bb959aa7336d6500')
    expect(new Socks4Handshake({ host: 'a.io', port: 80 }).begin().toString('hex')).toBe(
      '040100500000000100612e696f00',
    )
    expect(() => new Socks4Handshake({ host: '::1', port: 1 })).toThrow(RangeError)
  })

  test.each([
    ['005a000000000000ee', 'open'],
    ['005aaabbc6336407ee', 'open'],
    ['005b000000000000', 'error'],
    ['005d000000000000', 'auth'],
    ['0001000000000000', 'protocol'],
    ['05', 'protocol'],
    ['005a', 'incomplete'],
  ])('%s is %s', (wire, end) => {
    expect(play(new Socks4Handshake(telegram), hex(wire)).end).toBe(end)
  })
})

describe('HTTP CONNECT', () => {
  const reply = (text: string) => play(new HttpConnectHandshake(telegram), Buffer.from(text, 'latin1'))

  test('the request, with credentials', () => {
    const target = { host: '2001:db8::1', port: 443 }
    expect(new HttpConnectHandshake(target, user).begin().toString()).toBe(
      'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n' +
        'Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n',
    )
  })

  test.each([
    ['HTTP/1.1 200 OK\r\n\r\n', 'open'],
    ['HTTP/1.0 200\r\nVia: x\r\nContent-Length: 12\r\n\r\n', 'open'],
    ['HTTP/1.1 407 Who are you\r\n\r\n', 'auth'],
    ['HTTP/1.1 403 No\r\n\r\n', 'forbidden'],
    ['HTTP/1.1 502 Bad Gateway\r\n\r\n', 'unreachable'],
    ['HTTP/1.1 504 x\r\n\r\n', 'timeout'],
    ['HTTP/1.1 500 x\r\n\r\n', 'error'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'protocol'],
    ['HTTP/2 200\r\n\r\n', 'protocol'],
    ['SSH-2.0', 'protocol'],
    ['HTTP/1.1 20', 'incomplete'],
    [`HTTP/1.1 200 OK\r\n${'x'.repeat(MAX_CONNECT_REPLY)}`, 'protocol'],
  ])('%s', (text, end) => {
    expect(reply(text).end).toBe(end)
  })

  test('what is behind the headers is the target’s', () => {
    expect(reply('HTTP/1.1 200 OK\r\n\r\nhello').rest).toBe(Buffer.from('hello').toString('hex'))
  })
})

const makers: [string, () => TunnelHandshake, Buffer][] = [
  [
    'SOCKS5',
    () => new Socks5Handshake(telegram, user),
    hex(`05020100${socks5.server_reply_ok_v4_zero}aabbcc`),
  ],
  ['SOCKS4', () => new Socks4Handshake(telegram), hex('005a000000000000aabbcc')],
  [
    'HTTP CONNECT',
    () => new HttpConnectHandshake(telegram, user),
    Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nVia: x\r\n\r\n'), hex('aabbcc')]),
  ],
]

describe.each(makers)('%s', (_name, make, good) => {
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 })

  test('any split of a good answer opens the tunnel, and nothing behind it is lost', () => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        expect(play(make(), good, sizes)).toEqual({ ...play(make(), good), rest: 'aabbcc' })
      }),
    )
  })

  test('any bytes end in a verdict, and the split makes no difference', () => {
    const mutated = fc
      .tuple(fc.nat(good.length), fc.uint8Array({ maxLength: 40 }))
      .map(([keep, tail]) => Buffer.concat([good.subarray(0, keep), tail]))
    fc.assert(
      fc.property(mutated, cuts, (wire, sizes) => {
        expect(play(make(), wire, sizes)).toEqual(play(make(), wire))
      }),
      { numRuns: 1000 },
    )
  })
})
