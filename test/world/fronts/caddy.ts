import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import type { FrontOptions, FrontTimers, ServerFront } from './front.ts'
import { type Ground, startFrontProcess } from './front-process.ts'

interface CaddyOptions extends FrontOptions {
  /** A folder of the test's own in place of the usual site. */
  readonly root?: string
}

/** Caddy: Go's TLS, which puts a ticket into the first flight and grows its records. */
export async function startCaddy({ domain, timers = {}, root }: CaddyOptions): Promise<ServerFront> {
  const program = findProgram('caddy', 'caddy')
  return startFrontProcess('caddy', domain, (ground) => {
    const path = join(ground.dir, 'Caddyfile')
    writeFileSync(
      path,
      configuration(root === undefined ? ground : { ...ground, site: root }, domain, timers),
    )
    return {
      program,
      args: ['run', '--config', path, '--adapter', 'caddyfile'],
      env: { HOME: ground.dir, XDG_DATA_HOME: ground.dir, XDG_CONFIG_HOME: ground.dir },
    }
  })
}

function configuration({ site, chain, host, port }: Ground, domain: string, timers: FrontTimers): string {
  return `{
  admin off
  auto_https off
  default_sni ${domain}
  servers {
    protocols h1 h2
    timeouts {
      ${timers.header === undefined ? '' : `read_header ${timers.header}s`}
      ${timers.keepAlive === undefined ? '' : `idle ${timers.keepAlive}s`}
    }
  }
}
https://${domain}:${port} {
  bind ${host}
  tls ${chain.fullChain} ${chain.key}
  root * ${site}
  file_server
}
`
}
