import type { ProbeClass } from '../telemetry/catalogue.ts'

/** First bytes that are enough to tell. */
const TELLING = 32

type Beginnings = readonly (readonly [beginning: RegExp, kind: ProbeClass])[]

/** Of what is text, the first that fits. */
const TEXT: Beginnings = [
  [/^PRI \* HTTP\/2/, 'http2'],
  // RTSP and SIP have methods of HTTP.
  [/^OPTIONS (?:\/ RTSP|rtsp:|sip:)/, 'scanner'],
  // Any method, of HTTP, WebDAV or nobody, before a path, an asterisk or a URL (RFC 9112 §3.2).
  [/^(?:CONNECT |[A-Z][A-Z-]* (?:[/*]|https?:))/, 'http'],
  [/^SSH-/, 'ssh'],
  [/^PROXY /, 'proxy'],
  [/^\r\n\r\n\0\r\nQUIT\n/, 'proxy'],
  // Empty lines, Redis, mail, IRC, memcached, Java's RMI and debugger, adb, CORBA.
  [
    /^(?:\r\n\r\n|\*\d+\r\n|(?:HELP|HELO|EHLO|INFO|PING|QUIT|STATS|USER|NICK)\b|JRMI|JDWP-|CNXN|GIOP)/i,
    'scanner',
  ],
]

/** Of what is not, in hexadecimal digits. Those of scanners are in nmap-service-probes, which others play too. */
const BINARY: Beginnings = [
  // A record of TLS or SSL 3, a hello in the form of SSL 2 (RFC 5246 App. E.2).
  [/^1[4-7]03/, 'tls'],
  [/^[89a-f]...010[03]/, 'tls'],
  // A greeting of SOCKS 5 (RFC 1928 §3), CONNECT or BIND of SOCKS 4.
  [/^05(?:$|0[1-9a-f]|10)/, 'socks'],
  [/^040[12]/, 'socks'],
  // RDP (TPKT, RFC 1006 §6), SMB 1 and 2 over TCP.
  [/^0300(?:00|$)/, 'scanner'],
  [/^00......f[ef]534d42/, 'scanner'],
  // Databases: PostgreSQL (SSLRequest, start-up), MS SQL (prelogin), MongoDB (OP_QUERY, OP_MSG).
  [/^0{6}0804d2162f|^0000....00030000/, 'scanner'],
  [/^120100/, 'scanner'],
  [/^.{24}d[4d]070000/, 'scanner'],
  // LDAP (a bind), DNS over TCP (version.bind, status), X11.
  [/^300c0201/, 'scanner'],
  [/^00(?:1e0006|0c0000)/, 'scanner'],
  [/^6c000b00/, 'scanner'],
]

/** What a stranger spoke, by its first bytes. */
export function probeClass(bytes: Buffer): ProbeClass {
  if (bytes.length === 0) return 'silent'
  return (
    kindOf(bytes.toString('latin1', 0, TELLING), TEXT) ??
    kindOf(bytes.toString('hex', 0, TELLING), BINARY) ??
    'other'
  )
}

function kindOf(text: string, beginnings: Beginnings): ProbeClass | undefined {
  return beginnings.find(([beginning]) => beginning.test(text))?.[1]
}
