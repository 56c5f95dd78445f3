import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import type { Endpoint } from '../net/endpoint.ts'
import { MAX_UNIX_PATH } from './address.ts'
import type { KeyFinding } from './not-yet-check.ts'
import type { Config, Listener, schema } from './schema.ts'
import { DEFAULT_BACKLOG, DEFAULT_PERMISSIONS } from './schema-listener.ts'
import { isListUrl } from './schema-lists.ts'

type Output = z.output<typeof schema>
type Path = readonly (string | number)[]

const DEFAULT_LISTEN: Endpoint = { kind: 'tcp', host: '', port: 443 }

/** Merges `listen` into the listeners and makes every path absolute, starting from the folder of `file`. */
export function settle(output: Output, file: string): { config: Config; findings: KeyFinding[] } {
  const dir = dirname(file)
  const findings: KeyFinding[] = []
  const absolute = (path: string): string => resolve(dir, path)
  const source = (each: string): string => (isListUrl(each) ? each : absolute(each))
  const endpoint = (at: Endpoint, path: Path): Endpoint => {
    if (at.kind !== 'unix') return at
    const socket = { ...at, path: absolute(at.path) }
    const fits = Buffer.byteLength(socket.path) <= MAX_UNIX_PATH
    if (!fits)
      findings.push({ path, message: `the path of a unix socket has at most ${MAX_UNIX_PATH} bytes` })
    return socket
  }
  const siteAddress = (address: Output['front']['address'], path: Path) => {
    if (address === undefined) return {}
    return { address: address === 'built-in' ? address : endpoint(address, path) }
  }
  const { listen, listener, front, lists, metrics, log, state, users_file: usersFile, ...rest } = output
  const { telegram } = rest
  const config: Config = {
    ...rest,
    ...(usersFile === undefined ? {} : { users_file: absolute(usersFile) }),
    listener: listeners(listen, listener).map((each) => ({
      ...each,
      address: endpoint(each.address, ['listener']),
    })),
    front: {
      ...front,
      ...siteAddress(front.address, ['front', 'address']),
      ...(front.root === undefined ? {} : { root: absolute(front.root) }),
      site: front.site.map((each, index) => ({
        ...each,
        ...siteAddress(each.address, ['front', 'site', index, 'address']),
      })),
    },
    users: withAdTag(rest.users, telegram.ad_tag),
    telegram: { ...telegram, middle: { ...telegram.middle, ...secretFile(telegram.middle, absolute) } },
    lists: {
      ...lists,
      block: lists.block.map(source),
      only: lists.only.map(source),
    },
    metrics: {
      ...metrics,
      ...(metrics.listen === undefined ? {} : { listen: endpoint(metrics.listen, ['metrics', 'listen']) }),
    },
    log: { ...log, ...(log.file === undefined ? {} : { file: absolute(log.file) }) },
    state: { ...state, dir: absolute(state.dir) },
    file,
    dir,
  }
  return { config, findings }
}

function secretFile({ secret_file: file }: Output['telegram']['middle'], absolute: (path: string) => string) {
  return file === undefined ? {} : { secret_file: absolute(file) }
}

/** The ad tag for all stands in where a user has none. */
function withAdTag(users: Output['users'], tag: string | undefined): Output['users'] {
  if (tag === undefined) return users
  const entries = Object.entries(users).map(([name, user]) => [name, { ad_tag: tag, ...user }] as const)
  return Object.fromEntries(entries)
}

function listeners(listen: Output['listen'], tables: readonly Listener[]): Listener[] {
  const short = listen ?? (tables.length > 0 ? [] : [DEFAULT_LISTEN])
  const defaults = { modes: ['tls' as const], backlog: DEFAULT_BACKLOG, permissions: DEFAULT_PERMISSIONS }
  return [...short.map((address) => ({ address, ...defaults })), ...tables]
}
