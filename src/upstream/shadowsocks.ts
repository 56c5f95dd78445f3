import { type DialResources, dial } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import { type ShadowsocksDependencies, ShadowsocksStream } from '../protocol/shadowsocks/client-stream.ts'
import { METHODS, type Method, masterKey } from '../protocol/shadowsocks/method.ts'
import { ShadowsocksLeg } from './shadowsocks-leg.ts'
import type { Upstream } from './upstream.ts'

export interface ShadowsocksUpstreamOptions {
  readonly name: string
  readonly server: Endpoint
  readonly bind?: string | undefined
  readonly method: string
  readonly password: string
}

/**
 * A Shadowsocks server. It has no answer of its own: the leg counts as connected when the server is, and a target that it
 * cannot reach shows as the end of the stream.
 */
export class ShadowsocksUpstream implements Upstream {
  readonly kind = 'shadowsocks'
  readonly name: string
  readonly #options: ShadowsocksUpstreamOptions
  readonly #method: Method
  readonly #key: Buffer
  readonly #resources: DialResources & ShadowsocksDependencies

  /** @throws RangeError for a method that is not known, or a password that is no key of it */
  constructor(options: ShadowsocksUpstreamOptions, resources: DialResources & ShadowsocksDependencies) {
    const method: Method | undefined = (METHODS as Record<string, Method>)[options.method]
    const key = method && masterKey(method, options.password)
    if (!key) throw new RangeError(`no such Shadowsocks method, or no key of it: ${options.method}`)
    this.name = options.name
    this.#options = options
    this.#method = method
    this.#key = key
    this.#resources = resources
  }

  reaches(target: Endpoint): boolean {
    return target.kind === 'tcp'
  }

  connect(target: Endpoint, handler: LegHandler, onConnected: () => void): Leg {
    if (target.kind === 'unix') throw new RangeError('a proxy cannot reach a unix socket')
    const { server, bind } = this.#options
    const stream = new ShadowsocksStream({ method: this.#method, key: this.#key, target }, this.#resources)
    return new ShadowsocksLeg(stream, handler).begin((inner) =>
      dial(server, inner, this.#resources, { onConnected, localAddress: bind }),
    )
  }
}
