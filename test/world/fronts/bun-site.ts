/** The program that `bun.ts` starts, in Bun; everything it needs is the one argument. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface BunServeOptions {
  readonly hostname: string
  readonly port: number
  readonly tls: { readonly key: string; readonly cert: string }
  readonly idleTimeout?: number
  readonly fetch: (request: Request) => Response
}

declare const Bun: { serve(options: BunServeOptions): void }

interface Setup {
  readonly host: string
  readonly port: number
  readonly site: string
  readonly key: string
  readonly cert: string
  readonly idleTimeout?: number
}

const { host, port, site, key, cert, idleTimeout } = JSON.parse(process.argv[2]!) as Setup
const page = readFileSync(join(site, 'index.html'), 'utf8')
const bodies = new Map<string, Uint8Array<ArrayBuffer>>()

/** From memory: Bun 1.4.5 cuts long bodies short that come from a file over TLS. */
function body(size: string): Uint8Array<ArrayBuffer> {
  const known = bodies.get(size)
  if (known) return known
  const read = new Uint8Array(readFileSync(join(site, 'bytes', size)))
  bodies.set(size, read)
  return read
}

Bun.serve({
  hostname: host,
  port,
  tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
  ...(idleTimeout !== undefined && { idleTimeout }),
  fetch: (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/')
      return new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    const size = /^\/bytes\/(\d{1,12})$/.exec(pathname)?.[1]
    try {
      if (size) return new Response(body(size))
    } catch {
      // no such file
    }
    return new Response('Not found\n', { status: 404 })
  },
})
