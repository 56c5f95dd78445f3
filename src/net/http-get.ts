import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { OpenStream } from './open-stream.ts'

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As it is, not as it comes. Must be read or destroyed. */
  readonly body: Readable
}

/** One GET on a connection of its own, by the way that `open` goes. @throws whatever went wrong, nothing more exact */
export async function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  open: OpenStream,
): Promise<HttpAnswer> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? PORTS[url.protocol] : Number(url.port)
  if (port === undefined) throw new Error(`not a URL of HTTP: ${url.protocol}`)
  const stream = await open({ kind: 'tcp', host, port }, signal)
  const secured = url.protocol === 'https:' ? await secure(stream, host, signal) : stream
  const answer = await ask(url, { ...headers, 'accept-encoding': 'gzip, deflate, br' }, signal, secured)
  // The connection carries this one answer.
  answer.once('close', () => secured.destroy())
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: decoded(answer) }
}

function secure(stream: Duplex, host: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? host : ''
    const secured = connectTls({ socket: stream, host, servername, ALPNProtocols: ['http/1.1'] })
    const aborted = () => secured.destroy(signal.reason as Error)
    signal.addEventListener('abort', aborted, { once: true })
    secured.once('close', () => {
      signal.removeEventListener('abort', aborted)
      stream.destroy()
      reject(new Error('closed during the handshake'))
    })
    secured.once('error', reject)
    secured.once('secureConnect', () => resolve(secured))
  })
}

function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  stream: Duplex,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => stream,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, ...headers },
      signal,
    })
    asked.once('response', resolve)
    asked.on('error', (error) => {
      stream.destroy()
      reject(error)
    })
    asked.end()
  })
}

function decoded(answer: IncomingMessage): Readable {
  const decoder = decoderOf(answer.headers['content-encoding'])
  if (!decoder) return answer
  answer.once('error', (error) => decoder.destroy(error))
  answer.once('aborted', () => decoder.destroy(new Error('cut off')))
  decoder.once('close', () => answer.destroy())
  return answer.pipe(decoder)
}

function decoderOf(encoding: string | undefined) {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      return undefined
  }
}
