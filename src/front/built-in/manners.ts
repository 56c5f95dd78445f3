import { hash } from 'node:crypto'
import type { Draws } from './draws.ts'

/** What a server answers besides its content; drawn once per installation, as every server software has its own. */
export interface Manners {
  readonly headers: Readonly<Record<string, string>>
  readonly notFound: { readonly type: string; readonly body: string }
  /** The entity tag, quotes included, of a file's state or of a page's text. */
  readonly fileTag: (size: number, modified: Date) => string
  readonly pageTag: (body: Buffer) => string
  readonly hasRobots: boolean
}

export function drawManners(draws: Draws): Manners {
  const headers: Record<string, string> = {}
  const caching = draws.pick([
    undefined,
    'no-cache',
    'public, max-age=0',
    `max-age=${60 * draws.between(1, 60)}`,
  ])
  if (caching) headers['Cache-Control'] = caching
  if (draws.once(3)) headers['X-Content-Type-Options'] = 'nosniff'
  if (draws.once(4)) headers['X-Frame-Options'] = draws.pick(['SAMEORIGIN', 'DENY'])
  if (draws.once(4)) headers['Referrer-Policy'] = draws.pick(['same-origin', 'no-referrer', 'strict-origin'])
  const [weak, swapped, unit] = [draws.once(2), draws.once(2), draws.pick([1, 1000])]
  const quoted = (text: string) => `${weak ? 'W/' : ''}"${text}"`
  const length = draws.between(16, 40)
  return {
    headers,
    notFound: drawNotFound(draws),
    fileTag: (size, modified) => {
      const parts = [size.toString(16), Math.floor(modified.getTime() / unit).toString(16)]
      return quoted((swapped ? parts.toReversed() : parts).join('-'))
    },
    pageTag: (body) => quoted(hash('sha256', body, 'hex').slice(0, length)),
    hasRobots: draws.once(2),
  }
}

function drawNotFound(draws: Draws): Manners['notFound'] {
  const text = draws.pick([
    'Not Found',
    'Not found',
    '404 Not Found',
    '404',
    'File not found',
    'Page not found',
  ])
  if (draws.once(3)) return { type: 'text/plain; charset=utf-8', body: draws.once(2) ? `${text}\n` : text }
  const heading = draws.pick(['h1', 'h2', 'p'])
  const doctype = draws.pick(['<!DOCTYPE html>\n', '<!doctype html>\n', ''])
  const center = draws.once(2) ? ' style="text-align: center"' : ''
  const body = `${doctype}<html>\n<head><title>${text}</title></head>\n<body${center}>\n<${heading}>${text}</${heading}>\n</body>\n</html>\n`
  return { type: draws.pick(['text/html; charset=utf-8', 'text/html']), body }
}
