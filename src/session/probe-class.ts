import type { ProbeClass } from '../telemetry/catalogue.ts'

const STARTS: readonly (readonly [start: string, kind: ProbeClass])[] = [
  ['PRI * HTTP/2', 'http2'],
  ['GET ', 'http'],
  ['HEAD ', 'http'],
  ['POST ', 'http'],
  ['PUT ', 'http'],
  ['OPTIONS ', 'http'],
  ['CONNECT ', 'http'],
  ['SSH-', 'ssh'],
  ['PROXY ', 'proxy'],
  ['\r\n\r\n\0\r\nQUIT\n', 'proxy'],
  ['\x05', 'socks'],
  ['\x04\x01', 'socks'],
  ['\x16\x03', 'tls'],
]

/** What a stranger spoke, by its first bytes. */
export function probeClass(bytes: Buffer): ProbeClass {
  if (bytes.length === 0) return 'silent'
  const text = bytes.toString('latin1', 0, 16)
  return STARTS.find(([start]) => text.startsWith(start))?.[1] ?? 'other'
}
