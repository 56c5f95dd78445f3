import { lookup, Resolver } from 'node:dns/promises'

/** The two questions to DNS that choosing a name needs; no answer is an empty list. */
export interface NameLookups {
  /** Names that an address says it has (PTR). */
  names(address: string): Promise<string[]>
  /** Addresses of a name, as this host resolves it. */
  addresses(name: string): Promise<string[]>
}

const TIMEOUT = 1500

export function systemLookups(): NameLookups {
  const resolver = new Resolver({ timeout: TIMEOUT, tries: 2 })
  return {
    names: (address) => resolver.reverse(address).catch(() => []),
    async addresses(name) {
      const found = await within(
        lookup(name, { all: true }).catch(() => []),
        2 * TIMEOUT,
      )
      return (found ?? []).map(({ address }) => address)
    },
  }
}

/** getaddrinfo has no deadline of its own. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The name of an address that leads back to that very address, or undefined. */
export async function forwardConfirmedName(
  address: string,
  lookups: NameLookups,
): Promise<string | undefined> {
  for (const raw of await lookups.names(address)) {
    const name = raw.toLowerCase().replace(/\.$/, '')
    if ((await lookups.addresses(name)).includes(address)) return name
  }
  return undefined
}

/** Where a name leads, seen from a host with these addresses. A loopback address is every host's own. */
export async function whereabouts(
  name: string,
  own: readonly string[],
  lookups: Pick<NameLookups, 'addresses'>,
): Promise<'here' | 'nowhere' | 'elsewhere'> {
  const addresses = await lookups.addresses(name)
  if (addresses.length === 0) return 'nowhere'
  return addresses.some((address) => own.includes(address) || isLoopback(address)) ? 'here' : 'elsewhere'
}

function isLoopback(address: string): boolean {
  return ['::1', '::', '0.0.0.0'].includes(address) || address.startsWith('127.')
}
