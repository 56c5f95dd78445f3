import type { Config, Listener } from '../config/schema.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import { whereabouts } from '../net/reverse-name.ts'
import { formatLink, type Link } from '../protocol/link.ts'
import { knownAddresses } from '../server/known-addresses.ts'
import { ownAddresses, serverAddress } from './server-address.ts'
import type { Surroundings } from './surroundings.ts'

export interface UserLink {
  readonly user: string
  readonly server: string
  readonly port: number
  /** The address of the listener that it leads to. */
  readonly listener: string
  readonly mode: Mode
  /** The name in the secret, the SNI of the client; only FakeTLS has one. */
  readonly domain: string | undefined
  readonly tg: string
  readonly https: string
}

/** `server=` and `port=` of the links, and a word where they may not work from outside. */
export interface LinkTarget {
  readonly server: string
  readonly port: number
  readonly listener: string
  readonly modes: readonly Mode[]
  readonly doubt: string | undefined
}

type Mode = Listener['modes'][number]

type Network = Pick<Surroundings, 'lookups' | 'interfaceAddresses' | 'defaultRouteAddress'>

/**
 * What the listener says of itself, else `public_host`, else the domain if it leads to this host, else this host's
 * public address, found as `public_addresses` says.
 * @param listener the first one unless told otherwise
 */
export async function linkTarget(
  config: Config,
  network: Network,
  listener = config.listener[0],
): Promise<LinkTarget> {
  const isFirst = listener === config.listener[0]
  const listening = listener?.address.kind === 'tcp' ? listener.address : undefined
  const port = listener?.public_port ?? (isFirst ? config.public_port : undefined) ?? listening?.port ?? 443
  const place = {
    port,
    listener: listener === undefined ? '' : formatEndpoint(listener.address),
    modes: listener?.modes ?? ['tls'],
  }
  const given = listener?.public_host ?? config.public_host
  if (given !== undefined) return { ...place, server: given, doubt: undefined }
  const { domain } = config.front
  const own = ownAddresses(network, config.public_addresses)
  if ((await whereabouts(domain, own, network.lookups)) === 'here') {
    return { ...place, server: domain, doubt: undefined }
  }
  const known = await knownAddresses(config, {
    interfaceAddresses: () => network.interfaceAddresses(),
    addresses: (name) => network.lookups.addresses(name),
  })
  const { address, isPublic } = await serverAddress(network, known)
  const doubt = `${address} is not a public address: if phones cannot reach it, set public_host`
  return { ...place, server: address, doubt: isPublic ? undefined : doubt }
}

/** The link of one user, of the best kind that the listener takes; the name in it is the user's own, else the front's. */
export function userLink(config: Config, user: string, target: LinkTarget): UserLink | undefined {
  const [best] = userLinks(config, user, target)
  return best
}

/**
 * One link for every mode of the listener, FakeTLS first.
 * @param names in place of the user's own
 */
export function userLinks(
  config: Config,
  user: string,
  { server, port, listener, modes }: LinkTarget,
  names?: readonly string[],
): UserLink[] {
  const known = Object.hasOwn(config.users, user) ? config.users[user] : undefined
  if (known === undefined) return []
  const key = Buffer.from(known.secret, 'hex')
  const made = (mode: Mode, secret: Link['secret'], domain?: string): UserLink => {
    return { user, server, port, listener, mode, domain, ...formatLink({ server, port, secret }) }
  }
  const tls = (names ?? [known.domain ?? config.front.domain]).map((domain) =>
    made('tls', { kind: 'tls', key, domain }, domain),
  )
  return [
    ...(modes.includes('tls') ? tls : []),
    ...(modes.includes('secure') ? [made('secure', { kind: 'secure', key })] : []),
    ...(modes.includes('classic') ? [made('classic', { kind: 'plain', key })] : []),
  ]
}
