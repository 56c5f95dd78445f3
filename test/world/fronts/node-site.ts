/** The program that `node-https.ts` starts; everything it needs is the one argument. */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { join, normalize } from 'node:path'
import type { FrontTimers } from './front.ts'

interface Setup {
  readonly host: string
  readonly port: number
  readonly site: string
  readonly key: string
  readonly cert: string
  readonly timers: FrontTimers
}

const { host, port, site, key, cert, timers } = JSON.parse(process.argv[2]!) as Setup
const options: ServerOptions = { key: readFileSync(key), cert: readFileSync(cert) }
if (timers.header !== undefined) {
  options.headersTimeout = timers.header * 1000
  options.handshakeTimeout = timers.header * 1000
  options.connectionsCheckingInterval = 250
}
if (timers.keepAlive !== undefined) options.keepAliveTimeout = timers.keepAlive * 1000

createServer(options, (request, response) => {
  const path = normalize(request.url === '/' ? '/index.html' : (request.url ?? ''))
  try {
    const file = join(site, path)
    response.setHeader('content-length', statSync(file).size)
    createReadStream(file).pipe(response)
  } catch {
    response.writeHead(404).end('Not found\n')
  }
}).listen(port, host)
