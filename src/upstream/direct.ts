import { isIPv6Literal } from '../net/address.ts'
import { type DialResources, dial, portsKey } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { Upstream } from './upstream.ts'

/** Straight to the target, from an address of this host where one is given. */
export class DirectUpstream implements Upstream {
  readonly kind = 'direct'
  readonly name: string
  readonly #bind: string | undefined
  readonly #resources: DialResources

  constructor(
    options: { readonly name: string; readonly bind?: string | undefined },
    resources: DialResources,
  ) {
    this.name = options.name
    this.#bind = options.bind
    this.#resources = resources
  }

  reaches(target: Endpoint): boolean {
    if (this.#bind === undefined || target.kind === 'unix') return true
    return isIPv6Literal(this.#bind) === isIPv6Literal(target.host)
  }

  isScarce(target: Endpoint): boolean {
    return this.#resources.ports?.isScarce(portsKey(target, this.#bind)) ?? false
  }

  connect(target: Endpoint, handler: LegHandler, onConnected: () => void, window?: () => number): Leg {
    return dial(target, handler, this.#resources, { onConnected, window, localAddress: this.#bind })
  }
}
