import { expect, test } from 'vitest'
import { probeClass } from './probe-class.ts'

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'VERSION-CONTROL',
]

test.each([
  ...METHODS.map((method) => [`${method} / HTTP/1.1\r\n`, 'http']),
  ['OPTIONS * HTTP/1.1\r\n', 'http'],
  ['GET http://example.com/ HTTP/1.1\r\n', 'http'],
  ['CONNECT example.com:443 HTTP/1.1\r\n', 'http'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'ssh'],
  ['PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n', 'proxy'],
  ['\r\n\r\n\0\r\nQUIT\n\x21\x11', 'proxy'],
  ['\r\n\r\n', 'scanner'],
  ['OPTIONS / RTSP/1.0\r\n', 'scanner'],
  ['OPTIONS sip:nm SIP/2.0\r\n', 'scanner'],
  ['*1\r\n$4\r\ninfo\r\n', 'scanner'],
  ['EHLO example.org\r\n', 'scanner'],
  ['stats\r\n', 'scanner'],
  ['CNXN\0\0\0\x01', 'scanner'],
  ['statistics', 'other'],
  ['GET', 'other'],
  ['hello', 'other'],
  ['', 'silent'],
])('%j is %s', (text, kind) => {
  expect(probeClass(Buffer.from(text, 'latin1'))).toBe(kind)
})

test.each([
  ['TLS', '1603010200010001fc0303', 'tls'],
  ['an alert of TLS', '15030300020228', 'tls'],
  ['an SSL 2 hello', '802e0100020015000000100100800200800300800400800500800600400700c0', 'tls'],
  ['SOCKS 5', '050100', 'socks'],
  ['the first byte of SOCKS 5', '05', 'socks'],
  ['SOCKS 4', '040101bb7f00000100', 'socks'],
  ['RDP', '030000130ee000000000000100080003000000', 'scanner'],
  ['SMB 1', '000000a4ff534d4272000000000801', 'scanner'],
  ['SMB 2', '000000b2fe534d4240000100', 'scanner'],
  ['PostgreSQL', '0000000804d2162f', 'scanner'],
  ['MS SQL', '1201003400000000000015', 'scanner'],
  ['MongoDB', '3a000000a741000000000000d40700000000', 'scanner'],
  ['LDAP', '300c020101600702010304008000', 'scanner'],
  ['version.bind', '001e000601000001000000000000', 'scanner'],
  ['DCE/RPC', '05000b0310000000', 'other'],
  ['an init without FakeTLS', '8f0c4a1be27d5936a0c4f1e2d3b4a5968f0c4a1be27d5936a0c4f1e2d3b4a596', 'other'],
  ['zeros', '00'.repeat(64), 'other'],
])('%s is told', (_, hex, kind) => {
  expect(probeClass(Buffer.from(hex, 'hex'))).toBe(kind)
})
