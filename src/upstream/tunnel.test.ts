import { upstreamCompliance } from '../../test/compliance/upstream.ts'
import type { UpstreamAdapter } from '../../test/compliance/upstream-adapter.ts'
import { connect, type Dialect, LOGIN, socks4, socks5 } from '../../test/doubles/proxy-dialects.ts'
import type { DialFailure } from '../net/dial.ts'
import type { TunnelCredentials } from '../protocol/tunnel.ts'
import { type TunnelKind, TunnelUpstream } from './tunnel.ts'

type Answers = readonly (readonly [Buffer, DialFailure])[]

const NAME = 'dc2.example.org'
const IPV4 = '192.0.2.7'
const IPV6 = '2001:db8::7'

function adapter(
  name: string,
  kind: TunnelKind,
  dialect: Dialect,
  rest: Partial<UpstreamAdapter>,
  credentials?: TunnelCredentials,
): UpstreamAdapter {
  return {
    name,
    make: (server, resources, bind) =>
      new TunnelUpstream({ name, kind, server, bind, credentials }, resources),
    dialect,
    targets: [NAME, IPV4, IPV6],
    garbage: [
      [Buffer.from([0x15, 3, 3, 0, 2, 2, 40]), 'protocol'],
      [Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'protocol'],
      [Buffer.alloc(100_000, 0xff), 'protocol'],
    ],
    ...rest,
  }
}

function stranger(kind: TunnelKind): Pick<UpstreamAdapter, 'makeStranger'> {
  const credentials = { ...LOGIN, password: 'another' }
  const options = { name: 'stranger', kind, credentials }
  return { makeStranger: (server, resources) => new TunnelUpstream({ ...options, server }, resources) }
}

const socks5Refusals: Answers = [
  [Buffer.from([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]), 'error'],
  [Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]), 'forbidden'],
  [Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]), 'unreachable'],
  [Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]), 'refused'],
  [Buffer.from([5, 6, 0, 1, 0, 0, 0, 0, 0, 0]), 'timeout'],
  [Buffer.from([5, 0, 0, 9, 0, 0, 0, 0, 0, 0]), 'protocol'],
]
const connectRefusals: Answers = [
  [Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n'), 'forbidden'],
  [Buffer.from('HTTP/1.0 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!'), 'unreachable'],
  [Buffer.from('HTTP/1.1 504 Gateway Timeout\r\n\r\n'), 'timeout'],
  [Buffer.from('HTTP/1.1 200\u00a0OK'), 'reset'],
  [Buffer.from(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}`), 'protocol'],
]

upstreamCompliance(adapter('SOCKS5', 'socks5', socks5(), { refusals: socks5Refusals }))
upstreamCompliance(
  adapter(
    'SOCKS5 with login',
    'socks5',
    socks5(LOGIN),
    { refusals: socks5Refusals, ...stranger('socks5') },
    LOGIN,
  ),
)
upstreamCompliance(
  adapter('SOCKS4 and 4a', 'socks4', socks4, {
    targets: [IPV4, NAME],
    cannotReach: [IPV6],
    refusals: [
      [Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]), 'error'],
      [Buffer.from([0, 93, 0, 0, 0, 0, 0, 0]), 'auth'],
    ],
  }),
)
upstreamCompliance(adapter('CONNECT', 'http', connect(), { refusals: connectRefusals }))
upstreamCompliance(
  adapter(
    'CONNECT with login',
    'http',
    connect(LOGIN),
    { refusals: connectRefusals, ...stranger('http') },
    LOGIN,
  ),
)
