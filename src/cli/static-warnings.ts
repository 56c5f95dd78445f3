import type { Config } from '../config/schema.ts'
import { isNear } from '../front/locality.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { type InterfaceAddress, isPublicAddress } from '../net/interfaces.ts'
import { type RootTrouble, rootWarnings } from './root-folder.ts'

const HERE = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'])

/** What start-up would warn of and can be known without a single packet. */
export function staticWarnings(
  config: Config,
  interfaces: readonly InterfaceAddress[],
  root: RootTrouble | undefined,
): string[] {
  return [
    ...frontWarnings(config),
    ...rootWarnings(config, root),
    ...plainWarnings(config),
    ...addressWarnings(config, interfaces),
  ]
}

/** Of what middle proxies must be told and nobody may find out. */
function addressWarnings(config: Config, interfaces: readonly InterfaceAddress[]): string[] {
  const { telegram, users, public_addresses: given } = config
  const usesMiddle =
    telegram.via === 'middle' || Object.values(users).some(({ ad_tag: tag }) => tag !== undefined)
  const isKnown =
    telegram.middle.stun.length > 0 ||
    given.some((each) => each !== 'auto') ||
    interfaces.some(({ address }) => isPublicAddress(address))
  if (!usesMiddle || isKnown) return []
  return [
    'No interface of this host has a public address, and middle proxies must be told it: unless public_host or the site’s name lead to it, set public_addresses or telegram.middle.stun.',
  ]
}

/** Of listeners whose clients need no FakeTLS. */
function plainWarnings({ listener }: Config): string[] {
  return listener.flatMap(({ address, modes }) => {
    const plain = modes.filter((mode) => mode !== 'tls')
    if (plain.length === 0) return []
    return [
      `The listener ${formatEndpoint(address)} allows ${plain.join(' and ')}: such clients can be recognised on the wire, and the listener can be told from the site (what is not TLS is answered later there). Give them a listener of their own.`,
    ]
  })
}

function frontWarnings(config: Config): string[] {
  const fronts = [config.front, ...config.front.site]
  return fronts.flatMap(({ domain, address }) => {
    if (address === undefined || address === 'built-in') return []
    const name = `The front ${formatEndpoint(address)} (${domain})`
    if (isOwnListener(address, config)) {
      return [
        `${name} is portico's own listener: visitors would be sent in a circle. Give the web server's own port.`,
      ]
    }
    if (isNear(address)) return []
    return [
      `${name} is on another machine: whoever watches can compare the distance. A front on this host hides better.`,
    ]
  })
}

function isOwnListener(front: Endpoint, { listener }: Config): boolean {
  return listener.some(({ address }) => {
    if (address.kind === 'unix' || front.kind === 'unix')
      return address.kind === front.kind && formatEndpoint(address) === formatEndpoint(front)
    if (address.port !== front.port) return false
    return (
      address.host === front.host || (HERE.has(front.host) && (address.host === '' || HERE.has(address.host)))
    )
  })
}
