import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { DnsTransport } from './server.ts'

const MESSAGE = 'application/dns-message'
/** As long as a message can be. */
const MAX_ANSWER = 65_535
const HTTPS_PORT = 443

/**
 * DNS over HTTPS, which is HTTP/2 (RFC 8484 §5.2). POST, so that no cache on the way answers for the server.
 * @param address of the URL's host, where that is a name
 */
export function httpsTransport(url: URL, address: string | undefined): DnsTransport {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? HTTPS_PORT : Number(url.port)
  const servername = isIP(host) === 0 ? host : ''
  const createConnection = () =>
    connectTls({ host: address ?? host, port, servername, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2' })
  return {
    ask: async (questions, take, signal) => {
      const session = connect(url.origin, { createConnection })
      const failed = new Promise<never>((_, reject) => {
        session.once('error', reject)
        session.once('close', () => reject(new Error('closed before its answer')))
        const aborted = () => reject(new Error('no answer in time'))
        if (signal.aborted) aborted()
        signal.addEventListener('abort', aborted, { once: true })
      })
      try {
        const answers = Promise.all(questions.map(async (each) => take(await post(session, url, each))))
        await Promise.race([answers, failed])
      } finally {
        failed.catch(() => {})
        session.destroy()
      }
    },
  }
}

function post(session: ClientHttp2Session, url: URL, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `${url.pathname}${url.search}`,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: MESSAGE,
      [constants.HTTP2_HEADER_ACCEPT]: MESSAGE,
      [constants.HTTP2_HEADER_CONTENT_LENGTH]: String(question.length),
    })
    const parts: Buffer[] = []
    let length = 0
    stream.once('response', (headers) => {
      const status = headers[':status']
      if (status !== 200) reject(new Error(`status ${status}`))
    })
    stream.on('data', (part: Buffer) => {
      length += part.length
      if (length > MAX_ANSWER) {
        stream.close(constants.NGHTTP2_CANCEL)
        reject(new Error('an answer longer than any message'))
      } else parts.push(part)
    })
    stream.once('error', reject)
    stream.once('end', () => resolve(Buffer.concat(parts)))
    stream.end(question)
  })
}
