import { isIPv6Literal } from '../net/address.ts'
import type { Endpoint } from '../net/endpoint.ts'

const MAIN_PORT = 443

const tcp = (host: string): Endpoint => ({ kind: 'tcp', host, port: MAIN_PORT })

/**
 * Telegram's data centres by the number that a client writes into its init. The first five and the tests are built into
 * TDLib (ConnectionCreator.cpp); 203 serves media and comes to clients by help.getConfig.
 */
const BUILT_IN: Readonly<Record<string, readonly Endpoint[]>> = {
  1: [tcp('149.154.175.50'), tcp('2001:b28:f23d:f001::a')],
  2: [tcp('149.154.167.51'), tcp('95.161.76.100'), tcp('2001:67c:4e8:f002::a')],
  3: [tcp('149.154.175.100'), tcp('2001:b28:f23d:f003::a')],
  4: [tcp('149.154.167.91'), tcp('2001:67c:4e8:f004::a')],
  5: [tcp('149.154.171.5'), tcp('2001:b28:f23f:f005::a')],
  203: [tcp('91.105.192.100'), tcp('2a0a:f280:203:a:5000::100')],
  10001: [tcp('149.154.175.10'), tcp('2001:b28:f23d:f001::e')],
  10002: [tcp('149.154.167.40'), tcp('2001:67c:4e8:f002::e')],
  10003: [tcp('149.154.175.117'), tcp('2001:b28:f23d:f003::e')],
}

export type Preference = 'ipv4' | 'ipv6' | 'only-ipv4' | 'only-ipv6'

export interface DirectoryOptions {
  /** Replaces the built-in entry of that number; `-n` without an entry means `n`. */
  readonly data_centres: Readonly<Record<string, readonly Endpoint[]>>
  readonly prefer: Preference
  /** What a number without an entry means: no road, or another number. */
  readonly unknown_dc: 'refuse' | number
}

export interface Road {
  /** The number whose entry is used. */
  readonly dc: number
  /** In the order in which they should be tried; never empty. */
  readonly addresses: readonly Endpoint[]
}

/** Which addresses a data centre number leads to. */
export class Directory {
  readonly #entries: Readonly<Record<string, readonly Endpoint[]>>
  readonly #options: DirectoryOptions

  /** @param builtIn what the options' entries replace; the data centres themselves if not said */
  constructor(options: DirectoryOptions, builtIn: Readonly<Record<string, readonly Endpoint[]>> = BUILT_IN) {
    this.#entries = { ...builtIn, ...options.data_centres }
    this.#options = options
  }

  /** @param dc as the client wrote it: negative for media, 10000 + n for tests. Undefined: no such centre, or none of the allowed family. */
  road(dc: number): Road | undefined {
    const known = this.#lookUp(dc)
    if (known) return known
    const { unknown_dc: fallback } = this.#options
    return fallback === 'refuse' ? undefined : this.#lookUp(fallback)
  }

  #lookUp(dc: number): Road | undefined {
    for (const number of dc < 0 ? [dc, -dc] : [dc]) {
      const entry = this.#entries[number]
      if (!entry) continue
      const addresses = this.#preferred(entry)
      return addresses.length > 0 ? { dc: number, addresses } : undefined
    }
    return undefined
  }

  #preferred(entry: readonly Endpoint[]): readonly Endpoint[] {
    const six = entry.filter(isIPv6)
    const four = entry.filter((endpoint) => !isIPv6(endpoint))
    switch (this.#options.prefer) {
      case 'only-ipv4':
        return four
      case 'only-ipv6':
        return six
      case 'ipv6':
        return [...six, ...four]
      case 'ipv4':
        return [...four, ...six]
    }
  }
}

function isIPv6(endpoint: Endpoint): boolean {
  return endpoint.kind === 'tcp' && isIPv6Literal(endpoint.host)
}
