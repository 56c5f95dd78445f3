import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptIdentity } from '../../src/front/built-in/certificate.ts'
import { freePort } from '../../test/world/free-port.ts'
import { NODE } from '../../test/world/node.ts'
import { startProcess } from '../../test/world/process.ts'

const NGINX = '/usr/sbin/nginx'

export interface Front {
  readonly name: string
  readonly port: number
  stop(): Promise<void>
}

/** The site that portico stands before: nginx, or an HTTPS server of Node's where there is none. */
export async function startFront(folder: string, domain: string): Promise<Front> {
  const port = await freePort()
  const pem = join(folder, 'front.pem')
  await keptIdentity(pem, domain, { now: Date.now, random: (n) => randomBytes(n) })
  const name = existsSync(NGINX) ? 'nginx' : 'node'
  const running = name === 'nginx' ? await startNginx(folder, port, pem) : await startNode(port, pem)
  let stopping = false
  running.child.once('exit', (code, signal) => {
    // Without it every later session would count as failed, and nothing say why.
    if (!stopping) throw new Error(`the front has ended (${code ?? signal}):\n${running.output()}`)
  })
  return {
    name,
    port,
    stop: async () => {
      stopping = true
      await running.stop('SIGKILL')
    },
  }
}

function startNode(port: number, pem: string) {
  return startProcess(NODE, [join(import.meta.dirname, 'node-front.ts'), String(port), pem])
}

function startNginx(folder: string, port: number, pem: string) {
  const prefix = join(folder, 'nginx')
  mkdirSync(prefix)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const file = join(prefix, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off;
master_process off;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log;
events { worker_connections 16000; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${prefix}/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate ${pem};
    ssl_certificate_key ${pem};
    ssl_protocols TLSv1.3;
    return 200 "a page";
  }
}
`,
  )
  return startProcess(NGINX, ['-e', join(prefix, 'error.log'), '-p', prefix, '-c', file])
}
