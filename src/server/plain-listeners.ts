import type { Config } from '../config/schema.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import type { Log } from '../telemetry/guarded-log.ts'

/** Says what listeners that allow clients without FakeTLS cost, unless it was said of the configuration before. */
export function warnOfPlainListeners(config: Config, before: Config | undefined, log: Log): void {
  const listeners = plainListeners(config)
  if (listeners.length === 0 || (before && plainListeners(before).length > 0)) return
  log.warn(
    'clients without FakeTLS are allowed: they can be recognised on the wire, and their listener told from the site',
    { listeners },
  )
}

function plainListeners({ listener }: Config): string[] {
  return listener
    .filter(({ modes }) => modes.some((mode) => mode !== 'tls'))
    .map(({ address }) => formatEndpoint(address))
}
