import { dirname } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { nearest } from '../config/nearest.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { EXIT } from './exit-codes.ts'
import { qrSvg, qrText } from './qr.ts'
import type { Surroundings } from './surroundings.ts'
import { linkTarget, type UserLink, userLink } from './user-link.ts'
import { noFile, whichFile } from './which-file.ts'

interface LinkOptions {
  readonly user?: string | undefined
  readonly as: 'text' | 'qr' | 'svg' | 'json'
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
  const target = await linkTarget(config, around)
  const links = users.names.flatMap((name) => userLink(config, name, target) ?? [])
  if (stderr.isTerminal) stderr.write(`${path}\n`)
  if (target.doubt !== undefined) stderr.write(`${target.doubt}\n`)
  stdout.write(rendered(links, options.as, stdout))
  return EXIT.ok
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
