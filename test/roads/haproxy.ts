import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../world/free-port.ts'
import { findProgram } from '../world/fronts/find-program.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { type ListeningProcess, startListening } from './listening-process.ts'

/** A TCP balancer before `to`, which it tells the client's address as the words of its `server` line say. */
export async function startHaproxy(
  to: { readonly host: string; readonly port: number },
  words: string,
  at?: { readonly host: string; readonly port: number },
): Promise<ListeningProcess> {
  const { host, port } = at ?? { host: '127.0.0.1', port: await freePort() }
  const file = join(temporaryFolder('haproxy'), 'haproxy.cfg')
  writeFileSync(
    file,
    `
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen all
  bind ${host}:${port}
  server one ${to.host}:${to.port} ${words}
`,
  )
  return startListening(findProgram('haproxy', 'haproxy'), ['-db', '-f', file], port, host)
}
