import type { Config, Listener } from '../config/schema.ts'
import { bindProblem } from '../net/bind-check.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { BoundListener } from './messages.ts'
import { ServeError } from './serve-error.ts'

/** What a host without the family says. */
const NO_SUCH_FAMILY = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'])

/**
 * The listeners as the workers will open them, each proved free. A wildcard means both families; the one that the host
 * lacks is skipped with a line.
 * @throws ServeError when an address is taken or forbidden
 */
export async function planListeners(config: Config, workers: number, log: Log): Promise<BoundListener[]> {
  const planned: BoundListener[] = []
  for (const listener of config.listener) planned.push(await planListener(listener, workers, log))
  return planned
}

async function planListener(listener: Listener, workers: number, log: Log): Promise<BoundListener> {
  const { address, backlog, permissions } = listener
  const options = { backlog, permissions, ipv6Only: false, reusePort: workers > 1 && address.kind === 'tcp' }
  if (address.kind === 'tcp' && address.host === '') {
    const both: Endpoint = { ...address, host: '::' }
    const problem = await bindProblem(both, false)
    if (problem === undefined) return { ...options, endpoint: both }
    if (!NO_SUCH_FAMILY.has(problem)) throw refused(address, problem)
    log.info('serving IPv4 only: this host has no IPv6', { address: formatEndpoint(address) })
    return { ...options, endpoint: await free({ ...address, host: '0.0.0.0' }, address) }
  }
  return {
    ...options,
    ipv6Only: address.kind === 'tcp' && address.host === '::',
    endpoint: await free(address, address),
  }
}

async function free(endpoint: Endpoint, shown: Endpoint): Promise<Endpoint> {
  const problem = await bindProblem(endpoint, true)
  if (problem !== undefined) throw refused(shown, problem)
  return endpoint
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
