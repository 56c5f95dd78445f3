import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import type { FrontOptions, ServerFront } from './front.ts'
import { type Ground, startFrontProcess } from './front-process.ts'

const WHO =
  '$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port'

/** nginx as a distribution ships it: OpenSSL, several encrypted records in its first flight, HTTP/2. */
export async function startNginx(options: FrontOptions): Promise<ServerFront> {
  const program = findProgram('nginx', 'nginx')
  return startFrontProcess('nginx', options.domain, (ground) => {
    const path = join(ground.dir, 'nginx.conf')
    writeFileSync(path, configuration(ground, options))
    return { program, args: ['-p', ground.dir, '-c', path, '-e', join(ground.dir, 'error.log')] }
  })
}

function configuration(
  { dir, site, chain, host, port }: Ground,
  { domain, timers = {}, proxyProtocol = false }: FrontOptions,
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  types { text/html html; }
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
  ${timers.header === undefined ? '' : `client_header_timeout ${timers.header}s;`}
  ${timers.keepAlive === undefined ? '' : `keepalive_timeout ${timers.keepAlive}s;`}
  server {
    listen ${host}:${port} ssl http2${proxyProtocol ? ' proxy_protocol' : ''};
    server_name ${domain};
    ssl_certificate ${chain.fullChain};
    ssl_certificate_key ${chain.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root ${site};
    ${proxyProtocol ? `location = /who { return 200 '${WHO}'; }` : ''}
  }
}
`
}
