import type { Config, Listener } from '../config/schema.ts'
import { bindProblem } from '../net/bind-check.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import { canReusePort } from '../net/reuse-port.ts'
import type { Log } from '../telemetry/log.ts'
import type { Change } from './change.ts'
import type { BoundListener } from './messages.ts'
import { ServeError } from './serve-error.ts'

/** What a host without the family says. */
const NO_SUCH_FAMILY = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'])

/** The listeners, each with the number that it keeps in this run, also when others come and go. */
export class ListenerBook {
  /** By number, those that were ever one. */
  readonly addresses: string[] = []
  readonly #log: Log
  #current: readonly BoundListener[] = []
  #sharing: Promise<boolean> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  get current(): readonly BoundListener[] {
    return this.#current
  }

  /**
   * The listeners as the workers will open them, those that are new proved free. A wildcard means both families; the one
   * that the host lacks is skipped with a line.
   * @throws ServeError when an address is taken or forbidden
   */
  async prepare(
    config: Pick<Config, 'listener'>,
  ): Promise<Change & { readonly listeners: readonly BoundListener[] }> {
    const listeners: BoundListener[] = []
    for (const listener of config.listener) {
      const { backlog, permissions, modes, proxy_protocol: proxyProtocol, address } = listener
      const known = this.#current.find(({ number }) => this.addresses[number] === formatEndpoint(address))
      const place = known
        ? { endpoint: known.endpoint, ipv6Only: known.ipv6Only }
        : await this.#place(listener)
      const number = known?.number ?? this.#number(address, listeners)
      // The port is shared by the workers, and for a moment by a listener and its successor.
      const reusePort = address.kind === 'tcp' && (await this.#canShare())
      listeners.push({ number, ...place, modes, backlog, permissions, proxyProtocol, reusePort })
    }
    const commit = () => {
      this.#current = listeners
      for (const [at, { address }] of config.listener.entries()) {
        this.addresses[listeners[at]!.number] = formatEndpoint(address)
      }
    }
    return { listeners, commit, discard: () => {} }
  }

  #canShare(): Promise<boolean> {
    this.#sharing ??= canReusePort().then((can) => {
      if (!can) this.#log.warn('this system cannot share a port between workers: one of them listens')
      return can
    })
    return this.#sharing
  }

  /** The one it had when it was open before, else the next. */
  #number(address: Endpoint, taken: readonly BoundListener[]): number {
    const before = this.addresses.indexOf(formatEndpoint(address))
    if (before >= 0) return before
    return Math.max(this.addresses.length, ...taken.map(({ number }) => number + 1))
  }

  async #place({ address }: Listener): Promise<Pick<BoundListener, 'endpoint' | 'ipv6Only'>> {
    if (address.kind === 'tcp' && address.host === '') {
      const both: Endpoint = { ...address, host: '::' }
      const problem = this.#isOurs(both) ? undefined : await bindProblem(both, false)
      if (problem === undefined) return { endpoint: both, ipv6Only: false }
      if (!NO_SUCH_FAMILY.has(problem)) throw refused(address, problem)
      this.#log.info('serving IPv4 only: this host has no IPv6', { address: formatEndpoint(address) })
      return { endpoint: await this.#free({ ...address, host: '0.0.0.0' }, address), ipv6Only: false }
    }
    const ipv6Only = address.kind === 'tcp' && address.host === '::'
    return { endpoint: await this.#free(address, address), ipv6Only }
  }

  async #free(endpoint: Endpoint, shown: Endpoint): Promise<Endpoint> {
    const problem = this.#isOurs(endpoint) ? undefined : await bindProblem(endpoint, true)
    if (problem !== undefined) throw refused(shown, problem)
    return endpoint
  }

  /** A wildcard of ours holds the port of every address, and the other way round. */
  #isOurs(endpoint: Endpoint): boolean {
    return this.#current.some(
      ({ endpoint: own }) => own.kind === 'tcp' && endpoint.kind === 'tcp' && own.port === endpoint.port,
    )
  }
}

export function refused(endpoint: Endpoint, code: string): ServeError {
  const address = formatEndpoint(endpoint)
  const fields = { address, endpoint, code }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ServeError('listen_forbidden', 77, `no permission to listen on ${address}`, fields)
  }
  const why = code === 'EADDRINUSE' ? 'it is in use' : code
  return new ServeError('listen_failed', 69, `cannot listen on ${address}: ${why}`, fields)
}
