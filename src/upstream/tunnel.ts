import { type DialResources, dial } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import { HttpConnectHandshake } from '../protocol/http-connect.ts'
import { addressBytes, IPV6_SIZE } from '../protocol/ip-address.ts'
import { Socks4Handshake } from '../protocol/socks/socks4-handshake.ts'
import { Socks5Handshake } from '../protocol/socks/socks5-handshake.ts'
import type { TunnelCredentials, TunnelHandshake, TunnelTarget } from '../protocol/tunnel.ts'
import { OpeningTunnel } from './opening-tunnel.ts'
import type { Upstream } from './upstream.ts'

export type TunnelKind = 'socks5' | 'socks4' | 'http'

export interface TunnelOptions {
  readonly name: string
  readonly kind: TunnelKind
  readonly server: Endpoint
  readonly bind?: string | undefined
  readonly credentials?: TunnelCredentials | undefined
}

/** A proxy that, once asked, hands the connection itself over to the target: relaying costs what it costs direct. */
export class TunnelUpstream implements Upstream {
  readonly name: string
  readonly kind: TunnelKind
  readonly #options: TunnelOptions
  readonly #resources: DialResources

  constructor(options: TunnelOptions, resources: DialResources) {
    this.name = options.name
    this.kind = options.kind
    this.#options = options
    this.#resources = resources
  }

  reaches(target: Endpoint): boolean {
    if (target.kind === 'unix') return false
    return this.kind !== 'socks4' || addressBytes(target.host)?.length !== IPV6_SIZE
  }

  connect(target: Endpoint, handler: LegHandler, onConnected: () => void): Leg {
    if (target.kind === 'unix') throw new RangeError('a proxy cannot reach a unix socket')
    const { server, bind } = this.#options
    const opening = new OpeningTunnel(this.#handshake(target), handler, onConnected)
    const leg = dial(server, opening, this.#resources, { localAddress: bind })
    opening.begin(leg)
    return leg
  }

  #handshake(target: TunnelTarget): TunnelHandshake {
    const { kind, credentials } = this.#options
    switch (kind) {
      case 'socks5':
        return new Socks5Handshake(target, credentials)
      case 'socks4':
        return new Socks4Handshake(target, credentials?.user)
      case 'http':
        return new HttpConnectHandshake(target, credentials)
    }
  }
}
