import { CidrSet } from '../net/cidr.ts'
import type { LegHandler } from '../net/leg.ts'
import type { Accepted } from '../net/listener.ts'
import type { Wheel } from '../net/wheel.ts'
import type { ProxyPeer, ProxyRoute } from '../protocol/proxy-header/proxy-header.ts'
import { ProxyGate } from '../session/proxy-gate.ts'
import type { Counters } from '../telemetry/counters.ts'

/** Whose connection it is: the peer's, or that of the client whom a trusted peer has named. */
export interface Caller extends Accepted {
  /** Where the client connected to, as the hop before saw it; absent where portico itself is the first hop. */
  readonly destination?: ProxyPeer
}

export interface ProxyTrust {
  /** Networks whose peers must send a header; others are refused. A unix socket's peers all must. */
  readonly from: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
}

export interface ProxiedDependencies {
  readonly wheel: Wheel
  readonly counters: Counters
}

const REFUSED: LegHandler = {
  onBytes: () => false,
  onDrain: () => {},
  onEnd: () => {},
  onLost: () => {},
  onClosed: () => {},
}

/** A listener behind something that speaks the PROXY protocol. */
export class Proxied {
  readonly #from: CidrSet
  readonly #timeout: number
  readonly #dependencies: ProxiedDependencies

  /** @throws CidrError */
  constructor({ from, timeout }: ProxyTrust, dependencies: ProxiedDependencies) {
    this.#from = new CidrSet(from)
    this.#timeout = timeout
    this.#dependencies = dependencies
  }

  receive(accepted: Accepted, admit: (caller: Caller) => LegHandler): LegHandler {
    const { wheel, counters } = this.#dependencies
    if (accepted.family !== 'unix' && !this.#from.has(accepted.address)) {
      counters.proxyHeaders.add(1, 'not_trusted')
      accepted.leg.reset()
      return REFUSED
    }
    return new ProxyGate(accepted.leg, this.#timeout, {
      wheel,
      counted: (result) => counters.proxyHeaders.add(1, result),
      admit: (route) => admit(route ? named(accepted, route) : accepted),
    })
  }
}

function named({ leg }: Accepted, { source, destination }: ProxyRoute): Caller {
  const family = source.address.includes(':') ? 'ipv6' : 'ipv4'
  return { leg, address: source.address, port: source.port, family, destination }
}

/** What a PROXY header to the front says of the caller; undefined where there are no addresses (a unix socket's own peer). */
export function routeOf({ leg, address, port, family, destination }: Caller): ProxyRoute | undefined {
  const reached = destination ?? leg.localEnd
  if (family === 'unix' || reached === undefined) return undefined
  return { source: { address, port }, destination: reached }
}
