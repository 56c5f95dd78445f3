import { join } from 'node:path'
import { NODE } from '../node.ts'
import type { FrontOptions, ServerFront } from './front.ts'
import { startFrontProcess } from './front-process.ts'

/** Node's own https, HTTP/1.1: OpenSSL 3.5, so a ServerHello with X25519MLKEM768. */
export async function startNodeHttps({ domain, timers = {} }: FrontOptions): Promise<ServerFront> {
  const script = join(import.meta.dirname, 'node-site.ts')
  return startFrontProcess('node', domain, ({ chain, host, port, site }) => ({
    program: NODE,
    args: [script, JSON.stringify({ host, port, site, key: chain.key, cert: chain.fullChain, timers })],
  }))
}
