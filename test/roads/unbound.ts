import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../world/free-port.ts'
import { makeChain } from '../world/fronts/chain.ts'
import { findProgram } from '../world/fronts/find-program.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { type ListeningProcess, startListening } from './listening-process.ts'

export const DNS_NAME = 'dns.world.example'

export interface Unbound extends ListeningProcess {
  /** The same server, as `dns.servers` names it. */
  readonly udp: string
  readonly tls: string
  readonly https: string
  /** PEM of the authority behind its certificate. */
  readonly root: string
  /** A file with it, for NODE_EXTRA_CA_CERTS. */
  readonly rootFile: string
}

/**
 * A resolver that knows the zone `world.example` and nothing else.
 * @param records such as `www.world.example. 60 IN A 127.0.0.1`
 * @param again the one that was stopped: its ports and certificate
 */
export async function startUnbound(records: readonly string[], again?: Unbound): Promise<Unbound> {
  const dir = again ? join(again.rootFile, '..') : temporaryFolder('unbound')
  const [port, tls, https] = again
    ? [again.port, ...[again.tls, again.https].map((url) => Number(/:(\d+)/.exec(url)?.[1]))]
    : [await freePort(), await freePort(), await freePort()]
  if (!again) makeChain(dir, DNS_NAME)
  const file = join(dir, 'unbound.conf')
  writeFileSync(
    file,
    `
server:
  username: ""
  chroot: ""
  directory: "${dir}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  interface: 127.0.0.1@${port}
  interface: 127.0.0.1@${tls}
  interface: 127.0.0.1@${https}
  tls-port: ${tls}
  https-port: ${https}
  tls-service-key: "${join(dir, 'leaf.key')}"
  tls-service-pem: "${join(dir, 'full-chain.pem')}"
  access-control: 127.0.0.0/8 allow
  local-zone: "world.example." static
  local-zone: "refused.example." always_refuse
${records.map((record) => `  local-data: "${record}"`).join('\n')}
`,
  )
  const args = ['-d', '-c', file]
  const running = await startListening(findProgram('unbound', 'unbound'), args, port)
  const rootFile = join(dir, 'root.pem')
  return {
    ...running,
    udp: `udp://127.0.0.1:${port}`,
    tls: `tls://127.0.0.1:${tls}#${DNS_NAME}`,
    https: `https://${DNS_NAME}:${https}/dns-query`,
    root: readFileSync(rootFile, 'utf8'),
    rootFile,
  }
}
