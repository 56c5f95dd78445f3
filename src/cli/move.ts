import { editTables } from '../config/edit/edit-config.ts'
import type { TomlEdits } from '../config/edit/toml-edits.ts'
import type { TomlEntries } from '../config/edit/toml-value.ts'
import type { Config } from '../config/schema.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { whereabouts } from '../net/reverse-name.ts'
import { EXIT } from './exit-codes.ts'
import { openConfig, sayProblems } from './open-config.ts'
import { effectText, tellRunning } from './running.ts'
import { ownAddresses } from './server-address.ts'
import type { Surroundings } from './surroundings.ts'
import { attempt } from './user/edit-users.ts'
import { printLinks } from './user/print-links.ts'

export interface MoveOptions {
  readonly domain?: string | undefined
  readonly host?: string | undefined
  readonly front?: string | undefined
  readonly json: boolean
  readonly config?: string | undefined
}

/** `portico move [--domain NAME [--front ADDRESS]] [--host NAME]`: the old name is served beside the new one. */
export async function move(options: MoveOptions, around: Surroundings): Promise<number> {
  const { stderr, env } = around
  const config = openConfig(options.config, around)
  if (typeof config === 'number') return config
  const trouble = unfit(options, config)
  if (trouble !== undefined) {
    stderr.write(`${trouble}\n`)
    return EXIT.usage
  }
  const edited = await attempt(
    stderr,
    () => [],
    () =>
      editTables(config.file, env, (edits) => {
        if (options.domain !== undefined) moveDomain(options.domain, options.front, config, edits)
        if (options.host !== undefined) edits.setKeys([], { public_host: options.host })
      }),
  )
  if (typeof edited === 'number') return edited
  if (!edited.ok) return sayProblems(edited.problems, config.file, around)
  const effect = await tellRunning(config.file, around)
  stderr.write(effectText(effect))
  await sayDoubts(options, config, around)
  const now = openConfig(options.config, around)
  if (typeof now === 'number') return now
  const enabled = Object.keys(now.users).filter((name) => now.users[name]?.enabled)
  return printLinks(enabled, { config: now, effect }, options.json, around)
}

function unfit({ domain, host, front }: MoveOptions, config: Config): string | undefined {
  if (domain === undefined && host === undefined) return 'Where to? Give --domain NAME, --host NAME, or both.'
  if (front !== undefined && domain === undefined) return '--front says where the site of --domain listens'
  if (domain?.toLowerCase() === config.front.domain)
    return `The links have the name ${config.front.domain} already.`
  return undefined
}

/** What was the front becomes a further site at the same address. */
function moveDomain(
  domain: string,
  front: string | undefined,
  { front: old }: Config,
  edits: TomlEdits,
): void {
  const { address } = old
  const written = address === undefined || address === 'built-in' ? address : formatEndpoint(address)
  const former: TomlEntries = { domain: old.domain, ...(written === undefined ? {} : { address: written }) }
  const name = domain.toLowerCase()
  edits.removeFromList(['front', 'site'], (item) => {
    return typeof item.domain === 'string' && item.domain.toLowerCase() === name
  })
  edits.addToList(['front', 'site'], former)
  edits.setKeys(['front'], { domain: name, ...(front === undefined ? {} : { address: front }) })
}

async function sayDoubts({ domain, host }: MoveOptions, before: Config, around: Surroundings): Promise<void> {
  const { stderr, lookups } = around
  for (const name of [domain, host].filter((each) => each !== undefined)) {
    if ((await whereabouts(name, ownAddresses(around, before.public_addresses), lookups)) === 'here') continue
    stderr.write(`${name} does not lead to this server (yet): give it an A or AAAA record.\n`)
  }
  if (domain !== undefined) {
    stderr.write(
      `Links with ${before.front.domain} go on working. Who still uses them: portico user list --on-old-link\n`,
    )
  }
  if (host !== undefined && before.public_host !== undefined) {
    stderr.write(`Links with server=${before.public_host} work as long as that name or address leads here.\n`)
  }
}
