import type { Config } from '../config/schema.ts'
import { Names } from '../net/dns/names.ts'
import { Resolver } from '../net/dns/resolver.ts'
import { interfaceAddresses, isPublicAddress } from '../net/interfaces.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'

/** A server that does not answer is worth a line now and then, milliseconds. */
const LOG_AGAIN = 60_000

/** The names that a thread dials, found as the configuration says. */
export function dialledNames(
  { dns }: Pick<Config, 'dns'>,
  dependencies: { counters: Counters; log: Log },
): Names {
  const { counters, log } = dependencies
  const now = () => performance.now()
  let loggedAt = Number.NEGATIVE_INFINITY
  const resolver = new Resolver(dns, {
    now,
    hasIPv6: () =>
      interfaceAddresses().some(({ family, address }) => family === 'ipv6' && isPublicAddress(address)),
    counted: (result) => counters.dnsLookups.add(1, result),
    failed: (name, { kind }, error) => {
      if (now() - loggedAt < LOG_AGAIN) return
      loggedAt = now()
      log.warn('a DNS server gives no answer', { name, server: kind, error })
    },
  })
  return new Names(resolver)
}
