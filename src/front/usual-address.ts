import type { Endpoint } from '../net/endpoint.ts'
import { type NameLookups, whereabouts } from '../net/reverse-name.ts'

const HTTPS_PORT = 443

/** Where a site is whose address the configuration does not say: portico's own, unless its name leads to another host. */
export async function usualAddress(
  domain: string,
  own: readonly string[],
  lookups: Pick<NameLookups, 'addresses'>,
): Promise<Endpoint | 'built-in'> {
  const where = await whereabouts(domain, own, lookups)
  return where === 'elsewhere' ? { kind: 'tcp', host: domain, port: HTTPS_PORT } : 'built-in'
}
