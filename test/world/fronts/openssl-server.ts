import { findProgram } from './find-program.ts'
import type { FrontOptions, ServerFront } from './front.ts'
import { startFrontProcess } from './front-process.ts'

/**
 * `openssl s_server`, one connection after the other. `status` answers every path with a page about the
 * connection; `files` serves the site's files by name, so `/index.html` and not `/`.
 */
export async function startOpensslServer({
  domain,
  serve = 'status',
}: FrontOptions & { readonly serve?: 'status' | 'files' }): Promise<ServerFront> {
  const program = findProgram('openssl', 'openssl')
  return startFrontProcess('openssl', domain, ({ chain, host, port, site }) => ({
    program,
    args: ['s_server', '-quiet', '-accept', `${host}:${port}`, serve === 'status' ? '-www' : '-WWW'].concat([
      '-key',
      chain.key,
      '-cert',
      chain.leaf,
      '-cert_chain',
      chain.intermediate,
    ]),
    cwd: site,
  }))
}
