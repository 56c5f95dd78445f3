import type { Config } from '../config/schema.ts'
import type { Site } from '../front/site.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { isOwnAddress, resolveHost } from '../net/resolve.ts'
import type { Log } from '../telemetry/guarded-log.ts'

const HTTPS_PORT = 443

export interface FrontSites {
  readonly sites: readonly Site[]
  /** Of each site: whether it is portico's own built-in one. */
  readonly builtIn: readonly boolean[]
  close(): Promise<void>
}

/**
 * Where each configured site really listens. The built-in ones are started, in a thread of their own.
 * @throws BuiltInSiteError
 */
export async function openFrontSites({ front, state }: Config, log: Log): Promise<FrontSites> {
  const sites: Site[] = []
  const builtIn: boolean[] = []
  const closers: (() => Promise<void>)[] = []
  for (const { domain, address } of [{ domain: front.domain, address: front.address }, ...front.site]) {
    const wanted = address ?? (await usualAddress(domain))
    builtIn.push(wanted === 'built-in')
    if (wanted !== 'built-in') {
      sites.push({ domain, endpoint: wanted })
      continue
    }
    // Most servers have a front of their own: what only the built-in site needs is loaded for it alone.
    const { startBuiltInSite } = await import('../front/built-in/start.ts')
    const site = await startBuiltInSite({ domain, stateDir: state.dir, root: front.root }, { log })
    closers.push(() => site.close())
    sites.push({ domain, endpoint: site.endpoint })
  }
  return {
    sites,
    builtIn,
    close: async () => {
      await Promise.all(closers.map((close) => close()))
    },
  }
}

async function usualAddress(domain: string): Promise<Endpoint | 'built-in'> {
  const addresses = await resolveHost(domain)
  if (addresses.length === 0 || addresses.some(isOwnAddress)) return 'built-in'
  return { kind: 'tcp', host: domain, port: HTTPS_PORT }
}
