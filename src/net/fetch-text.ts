import { type HttpAnswer, httpGet } from './http-get.ts'
import { type OpenStream, straightStream } from './open-stream.ts'

/** Redirects that are followed. */
const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const NOT_MODIFIED = 304

/** What a server said of the version that was fetched before; sent back, it saves sending the same again. */
export interface Validators {
  readonly etag?: string
  readonly lastModified?: string
}

export interface FetchTextOptions {
  readonly validators?: Validators
  /** Bytes of the body after decompression. */
  readonly limit: number
  /** Milliseconds for everything, redirects and body included. */
  readonly timeout: number
  /** Ends it early, as a failure. */
  readonly signal?: AbortSignal
}

export type FetchFailure =
  | 'bad_status'
  | 'too_long'
  | 'timeout'
  | 'too_many_redirects'
  | 'bad_redirect'
  | 'unreachable'

export type FetchedText =
  /** `text`: one character a byte (latin1). */
  | { readonly state: 'fetched'; readonly text: string; readonly validators: Validators }
  | { readonly state: 'unchanged' }
  | { readonly state: 'failed'; readonly code: FetchFailure; readonly message: string }

/** As whoever needs a text sees it: which way the connection goes is settled. */
export type FetchText = (url: string, options: FetchTextOptions) => Promise<FetchedText>

/** GET of an `http:` or `https:` URL, on connections that `open` begins. Never rejects. */
export async function fetchText(
  url: string,
  options: FetchTextOptions,
  open: OpenStream = straightStream(),
): Promise<FetchedText> {
  const deadline = AbortSignal.timeout(options.timeout)
  const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline
  try {
    const headers = conditions(options.validators)
    const response = await follow(url, (to) => httpGet(to, headers, signal, open))
    if ('state' in response) return response
    if (response.status !== 200) response.body.destroy()
    if (response.status === NOT_MODIFIED) return { state: 'unchanged' }
    if (response.status !== 200) {
      return failed('bad_status', `status ${response.status}`)
    }
    const text = await readBody(response, options.limit)
    if (text === undefined) return failed('too_long', `more than ${options.limit} bytes`)
    return { state: 'fetched', text, validators: validatorsOf(response) }
  } catch (error) {
    if (deadline.aborted) return failed('timeout', `no whole answer in ${options.timeout} ms`)
    return failed('unreachable', reason(error))
  }
}

function conditions({ etag, lastModified }: Validators = {}): Record<string, string> {
  return {
    accept: 'text/plain, */*;q=0.5',
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  }
}

function validatorsOf({ headers }: HttpAnswer): Validators {
  const { etag, 'last-modified': lastModified } = headers
  return { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) }
}

async function follow(
  first: string,
  get: (url: URL) => Promise<HttpAnswer>,
): Promise<HttpAnswer | Extract<FetchedText, { state: 'failed' }>> {
  let url = new URL(first)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url)
    if (!REDIRECTS.has(response.status)) return response
    response.body.destroy()
    const next = redirectTarget(url, response.headers.location)
    if (!next) return failed('bad_redirect', 'redirected out of TLS, to what is not HTTP, or nowhere')
    url = next
  }
  return failed('too_many_redirects', `more than ${MAX_REDIRECTS} redirects`)
}

/** Where a redirect leads; undefined where it must not be followed: out of TLS, or to what is not HTTP. */
export function redirectTarget(from: URL, location: string | undefined): URL | undefined {
  const to = location === undefined ? null : URL.parse(location, from)
  const isSafe = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:')
  // Nor is anybody introduced by somebody else.
  return to !== null && isSafe && to.username === '' && to.password === '' ? to : undefined
}

/** Undefined: longer than the limit, in which case the rest is not read. */
async function readBody({ body, headers }: HttpAnswer, limit: number): Promise<string | undefined> {
  if (headers['content-encoding'] === undefined && Number(headers['content-length']) > limit) {
    body.destroy()
    return undefined
  }
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length
    // Leaving the loop ends the body.
    if (length > limit) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('latin1')
}

function failed(code: FetchFailure, message: string): Extract<FetchedText, { state: 'failed' }> {
  return { state: 'failed', code, message }
}

/** No message: it may show the URL, which may hold a token. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
