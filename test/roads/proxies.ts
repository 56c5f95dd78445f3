import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../world/free-port.ts'
import { findProgram } from '../world/fronts/find-program.ts'
import { temporaryFolder } from '../world/temporary-folder.ts'
import { type ListeningProcess, startListening } from './listening-process.ts'

const HOST = '127.0.0.1'

export async function startMicrosocks(credentials?: {
  user: string
  password: string
}): Promise<ListeningProcess> {
  const port = await freePort()
  const login = credentials ? ['-u', credentials.user, '-P', credentials.password] : []
  const args = ['-i', HOST, '-p', String(port), ...login]
  return startListening(findProgram('microsocks', 'microsocks'), args, port)
}

/** Dante, which speaks SOCKS 4 and 5. */
export async function startDante(): Promise<ListeningProcess> {
  const port = await freePort()
  const file = join(temporaryFolder('dante'), 'danted.conf')
  writeFileSync(
    file,
    `
logoutput: stderr
internal: ${HOST} port = ${port}
external: ${HOST}
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`,
  )
  return startListening(findProgram('danted', 'dante-server'), ['-f', file, '-N', '1'], port)
}

export async function startTinyproxy(credentials?: {
  user: string
  password: string
}): Promise<ListeningProcess> {
  const port = await freePort()
  const file = join(temporaryFolder('tinyproxy'), 'tinyproxy.conf')
  const login = credentials ? `BasicAuth ${credentials.user} ${credentials.password}` : ''
  writeFileSync(file, `Port ${port}\nListen ${HOST}\nTimeout 600\n${login}\n`)
  return startListening(findProgram('tinyproxy', 'tinyproxy'), ['-d', '-c', file], port)
}

export async function startShadowsocks(method: string, password: string): Promise<ListeningProcess> {
  const port = await freePort()
  const args = ['-s', HOST, '-p', String(port), '-k', password, '-m', method]
  return startListening(findProgram('ss-server', 'shadowsocks-libev'), args, port)
}
