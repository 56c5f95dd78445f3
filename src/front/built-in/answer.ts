import type { FileHandle } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { pipeline } from 'node:stream/promises'
import { type ByteRange, readByteRange } from './byte-range.ts'
import { findInFolder } from './folder.ts'
import type { Manners } from './manners.ts'
import { mediaType } from './media-type.ts'

/** What the site shows: a folder, or one page with its date. */
export type Content =
  | { readonly kind: 'folder'; readonly root: string }
  | { readonly kind: 'page'; readonly body: Buffer; readonly modified: Date }

/** Something that can be sent, whole or in part (RFC 9110 "selected representation"). */
interface Representation {
  readonly type: string
  readonly size: number
  readonly modified: Date
  readonly tag: string
  readonly source: Buffer | FileHandle
}

/** Answers HTTP/1.1 and HTTP/2 requests alike; any failure is a 404 or the end of this one answer. */
export function siteAnswers(content: Content, manners: Manners) {
  return async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    request.resume()
    const send = sender(request, response, manners)
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return send.empty(405, { Allow: 'GET, HEAD' })
      if (content.kind === 'page') return await answerWithPage(request, content, manners, send)
      const found = await findInFolder(content.root, request.url)
      if (found.kind === 'missing') return send.notFound()
      if (found.kind === 'moved') return send.empty(301, { Location: found.location })
      try {
        await send.representation({
          type: mediaType(found.name),
          size: found.size,
          modified: found.modified,
          tag: manners.fileTag(found.size, found.modified),
          source: found.handle,
        })
      } finally {
        await found.handle.close()
      }
    } catch {
      response.destroy()
    }
  }
}

async function answerWithPage(
  request: Http2ServerRequest,
  page: Extract<Content, { kind: 'page' }>,
  manners: Manners,
  send: Sender,
): Promise<void> {
  const path = request.url.replace(/[?#].*$/s, '')
  const isPage = path === '/' || path === '/index.html'
  if (!isPage && !(manners.hasRobots && path === '/robots.txt')) return send.notFound()
  const body = isPage ? page.body : Buffer.from('User-agent: *\nDisallow:\n')
  await send.representation({
    type: mediaType(isPage ? 'index.html' : 'robots.txt'),
    size: body.length,
    modified: page.modified,
    tag: manners.pageTag(body),
    source: body,
  })
}

interface Sender {
  empty(status: number, headers: OutgoingHttpHeaders): void
  notFound(): void
  representation(what: Representation): Promise<void>
}

function sender(request: Http2ServerRequest, response: Http2ServerResponse, manners: Manners): Sender {
  const isHead = request.method === 'HEAD'
  return {
    empty(status, headers) {
      response.writeHead(status, { ...headers, 'Content-Length': 0 })
      response.end()
    },
    notFound() {
      const body = Buffer.from(manners.notFound.body)
      response.writeHead(404, { 'Content-Type': manners.notFound.type, 'Content-Length': body.length })
      endWith(response, isHead ? undefined : body)
    },
    async representation(what) {
      const about: OutgoingHttpHeaders = {
        ...manners.headers,
        ETag: what.tag,
        'Last-Modified': what.modified.toUTCString(),
      }
      if (isUnchanged(request, what)) {
        response.writeHead(304, about)
        response.end()
        return
      }
      const range =
        isHead || !mayBePartial(request, what) ? undefined : readByteRange(request.headers.range, what.size)
      if (range === 'unsatisfiable') {
        return this.empty(416, { 'Content-Range': `bytes */${what.size}` })
      }
      response.writeHead(range ? 206 : 200, {
        ...about,
        'Accept-Ranges': 'bytes',
        'Content-Type': what.type,
        'Content-Length': range ? range.end - range.start + 1 : what.size,
        ...(range && { 'Content-Range': `bytes ${range.start}-${range.end}/${what.size}` }),
      })
      if (isHead || what.size === 0) response.end()
      else await sendBytes(response, what.source, range ?? { start: 0, end: what.size - 1 })
    },
  }
}

/** RFC 9110 §13.2.2: If-None-Match, where present, rules out If-Modified-Since. */
function isUnchanged(request: Http2ServerRequest, { tag, modified }: Representation): boolean {
  const tags = request.headers['if-none-match']
  if (tags !== undefined) {
    return tags.trim() === '*' || tags.split(',').some((one) => opaque(one) === opaque(tag))
  }
  const since = Date.parse(request.headers['if-modified-since'] ?? '')
  return Math.floor(modified.getTime() / 1000) * 1000 <= since
}

/** RFC 9110 §13.1.5: an If-Range that is not exactly this state asks for the whole. */
function mayBePartial(request: Http2ServerRequest, { tag, modified }: Representation): boolean {
  const condition = request.headers['if-range']
  if (typeof condition !== 'string') return true
  return condition === modified.toUTCString() || (condition === tag && !tag.startsWith('W/'))
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

async function sendBytes(
  response: Http2ServerResponse,
  source: Buffer | FileHandle,
  range: ByteRange,
): Promise<void> {
  if (Buffer.isBuffer(source)) return endWith(response, source.subarray(range.start, range.end + 1))
  await pipeline(source.createReadStream({ ...range, autoClose: false }), response)
}

function endWith(response: Http2ServerResponse, body: Buffer | undefined): void {
  if (body === undefined) response.end()
  else response.end(body)
}
