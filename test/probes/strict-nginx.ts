import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../world/fronts/find-program.ts'
import type { Front } from '../world/fronts/front.ts'
import { type Ground, startFrontProcess } from '../world/fronts/front-process.ts'

/** Seconds of both timers. */
export const NGINX_TIMER = 2

/** nginx with a second server that rejects every other name, as many operators have it; its timers are shortened. */
export function startStrictNginx(domain: string): Promise<Front> {
  const program = findProgram('nginx', 'nginx')
  return startFrontProcess('nginx', domain, (ground) => {
    const file = join(ground.dir, 'nginx.conf')
    writeFileSync(file, configuration(ground, domain))
    mkdirSync(join(ground.dir, 'temporary'))
    return { program, args: ['-p', ground.dir, '-c', file, '-e', join(ground.dir, 'error.log')] }
  })
}

function configuration({ dir, site, chain, host, port }: Ground, domain: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  types { text/html html; }
  ${temporary.map((name) => `${name}_temp_path ${dir}/temporary/${name};`).join(' ')}
  client_header_timeout ${NGINX_TIMER}s;
  keepalive_timeout ${NGINX_TIMER}s;
  port_in_redirect off;
  ssl_protocols TLSv1.2 TLSv1.3;
  server {
    listen ${host}:${port} ssl http2 backlog=4096 default_server;
    ssl_reject_handshake on;
  }
  server {
    listen ${host}:${port} ssl http2;
    server_name ${domain};
    ssl_certificate ${chain.fullChain};
    ssl_certificate_key ${chain.key};
    root ${site};
  }
}
`
}
