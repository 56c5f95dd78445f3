import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { nearest } from '../config/nearest.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config, Listener } from '../config/schema.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { EXIT } from './exit-codes.ts'
import { qrSvg, qrText } from './qr.ts'
import type { Surroundings } from './surroundings.ts'
import { type LinkTarget, linkTarget, type UserLink, userLink, userLinks } from './user-link.ts'
import { noFile, whichFile } from './which-file.ts'

interface LinkOptions {
  readonly user?: string | undefined
  readonly as: 'text' | 'qr' | 'svg' | 'json'
  /** For every site and listener. */
  readonly all: boolean
  readonly site?: string | undefined
  /** As configured, or its port. */
  readonly listener?: string | undefined
  readonly config?: string | undefined
}

/** `portico link [USER] [--qr|--svg|--json] [--config FILE]` */
export async function link(options: LinkOptions, around: Surroundings): Promise<number> {
  const { stdout, stderr, env } = around
  const { path, exists, places } = whichFile(options.config, around)
  if (!exists) {
    stderr.write(noFile(places))
    return EXIT.configuration
  }
  const loaded = loadConfig(path, env)
  if (!loaded.ok) {
    for (const problem of loaded.problems) stderr.write(`${formatProblem(problem, dirname(path))}\n`)
    return EXIT.configuration
  }
  const { config } = loaded
  const users = chosenUsers(config, options)
  if ('message' in users) {
    stderr.write(`${users.message}\n`)
    return EXIT.usage
  }
  const listeners = chosenListeners(config, options)
  if ('message' in listeners) {
    stderr.write(`${listeners.message}\n`)
    return EXIT.usage
  }
  const targets = await Promise.all(listeners.map((listener) => linkTarget(config, around, listener)))
  const links = users.names.flatMap((name) =>
    targets.flatMap((target) => linksOf(name, target, config, options)),
  )
  if (stderr.isTerminal) stderr.write(`${path}\n`)
  for (const doubt of new Set(targets.map((target) => target.doubt))) {
    if (doubt !== undefined) stderr.write(`${doubt}\n`)
  }
  if (options.as === 'svg' && links.length !== 1) {
    stderr.write('--svg draws one code: name the user, the site and the listener\n')
    return EXIT.usage
  }
  stdout.write(rendered(links, options.as, stdout))
  return EXIT.ok
}

function linksOf(user: string, target: LinkTarget, config: Config, { all, site }: LinkOptions): UserLink[] {
  if (site !== undefined) return userLinks(config, user, target, [site])
  if (!all) {
    const best = userLink(config, user, target)
    return best === undefined ? [] : [best]
  }
  const own = config.users[user]?.domain
  const names = [config.front.domain, ...config.front.site.map(({ domain }) => domain)]
  return userLinks(
    config,
    user,
    target,
    own === undefined ? names.filter((name) => !name.startsWith('*.')) : [own],
  )
}

function chosenListeners(config: Config, { all, listener }: LinkOptions): Listener[] | { message: string } {
  if (listener === undefined) return all ? config.listener : config.listener.slice(0, 1)
  const isMeant = ({ address }: Listener) =>
    formatEndpoint(address) === listener || (address.kind === 'tcp' && String(address.port) === listener)
  const meant = config.listener.filter(isMeant)
  if (meant.length > 0) return meant
  const known = config.listener.map(({ address }) => formatEndpoint(address)).join(', ')
  return { message: `There is no listener ${JSON.stringify(listener)}; there are ${known}` }
}

function chosenUsers(config: Config, { user, as }: LinkOptions): { names: string[] } | { message: string } {
  const all = Object.keys(config.users)
  if (user !== undefined && !Object.hasOwn(config.users, user)) {
    const meant = nearest(user, all)
    return {
      message: `There is no user ${JSON.stringify(user)}${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}`,
    }
  }
  const names = user === undefined ? all.filter((name) => config.users[name]?.enabled) : [user]
  if (as === 'svg' && names.length !== 1) return { message: '--svg draws one code: name the user' }
  return { names }
}

function rendered(links: readonly UserLink[], as: LinkOptions['as'], stdout: Surroundings['stdout']): string {
  if (as === 'json') return `${JSON.stringify(links, undefined, 2)}\n`
  if (as === 'svg') return links.map(({ tg }) => `${qrSvg(tg)}\n`).join('')
  return links.map((each) => textOf(each, as === 'qr', stdout)).join('')
}

function textOf({ user, tg, https }: UserLink, withQr: boolean, stdout: Surroundings['stdout']): string {
  const qr = withQr ? `${qrText(tg, stdout) ?? '(the terminal is too narrow for the QR code)'}\n` : ''
  return `${user}\n  ${tg}\n  ${https}\n${qr}`
}
