import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { CidrSet } from '../net/cidr.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import { bindServer } from './bind.ts'

/** Bytes of a request's headers. A scraper sends a few hundred. */
export const MAX_HEADER = 8_192
export const MAX_CONNECTIONS = 64
/** Milliseconds for a whole request. */
export const REQUEST_TIMEOUT = 5_000
/** Milliseconds until the next request: a scraper comes every 15 to 60 seconds. */
const KEEP_ALIVE = 65_000

export interface MetricsOptions {
  readonly listen: Endpoint
  readonly path: string
  /** CIDRs of those who may ask; who comes through a unix socket always may. */
  readonly allow: readonly string[]
}

export interface MetricsDependencies {
  exposition(): Promise<{ contentType: string; body: string }>
  ready(): boolean
  /** What is wrong although it serves: one line each in health. */
  troubles(): readonly string[]
  readonly log: Log
}

export interface MetricsServer {
  /** With the port that was given, where 0 was asked for. */
  readonly endpoint: Endpoint
  /** For all requests from now on. @throws CidrError */
  apply(options: Pick<MetricsOptions, 'path' | 'allow'>): void
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly type?: string
  readonly allow?: string
}

const NOT_FOUND: Answer = { status: 404, body: 'not found\n' }
const FORBIDDEN: Answer = { status: 403, body: 'forbidden\n' }
const WRONG_METHOD: Answer = { status: 405, body: 'method not allowed\n', allow: 'GET, HEAD' }
const FAILED: Answer = { status: 500, body: 'the metrics could not be read\n' }
const NOT_READY: Answer = { status: 503, body: 'not ready\n' }

/**
 * Metrics and health over HTTP: `path`, `/health/live`, `/health/ready` (200 or 503).
 * Rejects with BindError, or CidrError for a bad entry of `allow`.
 */
export async function serveMetrics(options: MetricsOptions, d: MetricsDependencies): Promise<MetricsServer> {
  let allowed = new CidrSet(options.allow)
  let { path: metricsPath } = options
  const scrape = oneAtATime(d.exposition)
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      void answer(request)
        .catch((error: unknown) => {
          d.log.error('a scrape failed', { error })
          return FAILED
        })
        .then((reply) => send(request, response, reply))
    },
  )
  server.maxConnections = MAX_CONNECTIONS

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (options.listen.kind === 'tcp' && !allowed.has(request.socket.remoteAddress ?? '')) return FORBIDDEN
    const asked = (request.url ?? '').split('?', 1)[0] as string
    // A health check keeps its path, whatever the metrics were told.
    const known = routes.get(asked) ?? (asked === metricsPath ? metrics : undefined)
    if (known === undefined) return NOT_FOUND
    return request.method === 'GET' || request.method === 'HEAD' ? known() : WRONG_METHOD
  }

  /** Serving with a trouble is still serving. */
  const alive = (): Answer => ({
    status: 200,
    body: ['ok', ...d.troubles().map((trouble) => `error: ${trouble}`), ''].join('\n'),
  })

  const metrics = async (): Promise<Answer> => {
    const { contentType, body } = await scrape()
    return { status: 200, body, type: contentType }
  }

  const routes = new Map<string, () => Answer>([
    ['/health/live', alive],
    ['/health/ready', () => (d.ready() ? alive() : NOT_READY)],
  ])

  const endpoint = await bindServer(server, options.listen)
  server.on('error', (error) => d.log.warn('the metrics server failed', { error }))
  return {
    endpoint,
    apply: ({ path, allow }) => {
      allowed = new CidrSet(allow)
      metricsPath = path
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, type, allow }: Answer,
): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'content-type': type ?? 'text/plain; charset=utf-8',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    ...(allow === undefined ? {} : { allow }),
    // Only a scraper keeps its connection: places are few, and a body that nobody asked for is not read.
    ...(status === 200 ? {} : { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** Those who ask while an answer is being made get the same one. */
function oneAtATime<T>(make: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined
  return () => {
    current ??= make().finally(() => {
      current = undefined
    })
    return current
  }
}
