import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findProgram } from '../../../test/world/fronts/find-program.ts'
import { temporaryFolder } from '../../../test/world/temporary-folder.ts'
import type { Address } from '../tap/tap.ts'
import type { Plan } from './plan.ts'
import { DOMAIN } from './subject.ts'

/** A real TLS client that visits the site in one connection. @returns its port */
export type Visitor = (site: Address, root: string, plan: Plan) => Promise<number>

const PATIENCE_SECONDS = 20
/** What `openssl s_server` serves by name, and every other front too. */
const PAGE = '/index.html'

function paths({ talks, bulk }: Plan): string[] {
  const pages = Array.from({ length: talks }, () => PAGE)
  return bulk > 0 ? [...pages, `/bytes/${bulk}`] : pages
}

/** curl, HTTP/2 where the front offers it. */
export async function curlVisitor(): Promise<Visitor> {
  const curl = findProgram('curl', 'curl')
  const folder = temporaryFolder('curl')
  return async ({ host, port }, root, plan) => {
    const authority = `${folder}/root.pem`
    writeFileSync(authority, root)
    const options = [
      '--silent',
      '--cacert',
      authority,
      '--resolve',
      `${DOMAIN}:${port}:${host}`,
      '--max-time',
      `${PATIENCE_SECONDS}`,
    ]
    const urls = paths(plan).flatMap((path) => ['-o', '/dev/null', `https://${DOMAIN}:${port}${path}`])
    const { stdout } = await promisify(execFile)(curl, [...options, '-w', '%{local_port}\\n', ...urls])
    return Number(stdout.split('\n')[0])
  }
}

/** Node's own https, HTTP/1.1, with the hello of OpenSSL 3.5. */
export const nodeVisitor: Visitor = async ({ host, port }, root, plan) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let clientPort = 0
  for (const [at, path] of paths(plan).entries()) {
    await sleep(plan.pauses[at] ?? 0)
    const call = request({ host, port, path, servername: DOMAIN, ca: root, headers: { host: DOMAIN }, agent })
    call.setTimeout(PATIENCE_SECONDS * 1000, () => call.destroy(new Error('the site is silent')))
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    clientPort ||= response.socket.localPort ?? 0
    response.resume()
    await once(response, 'end')
  }
  agent.destroy()
  return clientPort
}
