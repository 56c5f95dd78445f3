import type { Config } from '../config/schema.ts'
import { whereabouts } from '../net/reverse-name.ts'
import { formatLink, type Link } from '../protocol/link.ts'
import { ownAddresses, serverAddress } from './server-address.ts'
import type { Surroundings } from './surroundings.ts'

export interface UserLink {
  readonly user: string
  readonly server: string
  readonly port: number
  /** The name in the secret, the SNI of the client. */
  readonly domain: string
  readonly tg: string
  readonly https: string
}

/** `server=` and `port=` of the links, and a word where they may not work from outside. */
export interface LinkTarget {
  readonly server: string
  readonly port: number
  readonly doubt: string | undefined
}

type Network = Pick<Surroundings, 'lookups' | 'interfaceAddresses' | 'defaultRouteAddress'>

/** `public_host`, else the domain if it leads to this host, else this host's address. */
export async function linkTarget(config: Config, network: Network): Promise<LinkTarget> {
  const first = config.listener[0]
  const listening = first?.address.kind === 'tcp' ? first.address : undefined
  const port = config.public_port ?? first?.public_port ?? listening?.port ?? 443
  const given = config.public_host ?? first?.public_host
  if (given !== undefined) return { server: given, port, doubt: undefined }
  const { domain } = config.front
  if ((await whereabouts(domain, ownAddresses(network), network.lookups)) === 'here') {
    return { server: domain, port, doubt: undefined }
  }
  const { address, isPublic } = await serverAddress(network)
  const doubt = `${address} is not a public address: if phones cannot reach it, set public_host`
  return { server: address, port, doubt: isPublic ? undefined : doubt }
}

/** The link of one user; the name in it is the user's own, else the front's. */
export function userLink(config: Config, user: string, target: LinkTarget): UserLink | undefined {
  if (!Object.hasOwn(config.users, user)) return undefined
  const { secret, domain = config.front.domain } = config.users[user] ?? {}
  if (secret === undefined) return undefined
  const { server, port } = target
  const link: Link = { server, port, secret: { kind: 'tls', key: Buffer.from(secret, 'hex'), domain } }
  return { user, server, port, domain, ...formatLink(link) }
}
