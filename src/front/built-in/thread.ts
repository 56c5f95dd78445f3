import { randomBytes } from 'node:crypto'
import type { Http2SecureServer } from 'node:http2'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { nameToAsk } from '../sites.ts'
import { type Content, siteAnswers } from './answer.ts'
import { keptIdentity } from './certificate.ts'
import { Draws } from './draws.ts'
import { httpsServer } from './https-server.ts'
import { drawManners } from './manners.ts'
import type { FromSiteThread, SiteThreadData } from './messages.ts'
import { makePage } from './page.ts'
import { keptSeed, type Seed } from './seed.ts'

const RENEWAL_CHECK_MILLISECONDS = 12 * 3_600_000
const dependencies = { now: Date.now, random: (n: number) => randomBytes(n) }
const data: SiteThreadData = workerData

function tell(message: FromSiteThread): void {
  parentPort?.postMessage(message)
}

async function currentIdentity() {
  const path = join(data.folder, 'certificate.pem')
  const { identity, made } = await keptIdentity(path, data.domain, dependencies)
  if (made) {
    tell({
      type: 'log',
      level: 'info',
      event: 'front certificate made',
      fields: { domain: data.domain, path },
    })
  }
  return { identity, made }
}

function content(seed: Seed): Content {
  if (data.root !== undefined) return { kind: 'folder', root: data.root }
  const page = makePage(new Draws(`${seed.text}/page`), nameToAsk(data.domain))
  return { kind: 'page', body: Buffer.from(page), modified: seed.since }
}

async function renew(server: Http2SecureServer): Promise<void> {
  try {
    const { identity, made } = await currentIdentity()
    if (made) server.setSecureContext(identity)
  } catch (error) {
    const fields = { reason: String(error) }
    tell({ type: 'log', level: 'warn', event: 'front certificate not renewed', fields })
  }
}

async function run(): Promise<void> {
  const seed = keptSeed(data.folder, dependencies)
  const { identity } = await currentIdentity()
  const server = httpsServer(
    identity,
    siteAnswers(content(seed), drawManners(new Draws(`${seed.text}/manners`))),
  )

  const renewal = setInterval(() => void renew(server), RENEWAL_CHECK_MILLISECONDS)

  server.once('error', (error) => {
    clearInterval(renewal)
    fail(error)
  })
  server.listen(data.port, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) tell({ type: 'listening', port: address.port })
  })
}

/** The supervisor decides whether to try again; nothing of a half-started thread may stay. */
function fail(error: unknown): void {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
  parentPort?.close()
}

run().catch(fail)
