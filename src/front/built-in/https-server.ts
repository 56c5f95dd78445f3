import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { siteAnswers } from './answer.ts'
import type { Identity } from './certificate.ts'

/** An HTTP/2 connection on which nothing moves for so long is closed, as common servers do after one to three minutes. */
const IDLE_MILLISECONDS = 120_000

/** HTTPS with HTTP/2 and HTTP/1.1 by ALPN, TLS 1.2 and 1.3. HTTP/1.1 keeps Node's own header and keep-alive limits. */
export function httpsServer(identity: Identity, answer: ReturnType<typeof siteAnswers>): Http2SecureServer {
  const server = createSecureServer({
    ...identity,
    minVersion: 'TLSv1.2',
    allowHTTP1: true,
    settings: { maxConcurrentStreams: 128 },
  })
  server.setTimeout(IDLE_MILLISECONDS)
  server.on('request', (request, response) => void answer(request, response))
  return server
}
