import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { type Subject, type Surroundings, startSubject } from './subject.ts'

const PROGRAM = '/usr/sbin/haproxy'

export const hasHaproxy = () => existsSync(PROGRAM)

/** HAProxy in TCP mode on one thread. */
export async function startHaproxy({ folder, dataCentrePort, domain }: Surroundings): Promise<Subject> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 8000
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend data-centre
backend data-centre
  server one 127.0.0.1:${dataCentrePort}
`,
  )
  return startSubject('haproxy', PROGRAM, ['-db', '-f', file], { port, secret: undefined, domain })
}
