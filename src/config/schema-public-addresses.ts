import { z } from 'zod'
import { isIpv4, isIpv6 } from './ip.ts'
import { describe } from './schema-values.ts'

const AUTO = 'auto'

/** As given: IP addresses, `auto` among them. */
export const publicAddresses = describe(
  z
    .union([z.string(), z.array(z.string())], { error: 'expected "auto", or a list of IP addresses' })
    .prefault([AUTO])
    .transform((given, context): string[] => {
      const isList = Array.isArray(given)
      const all = isList ? given : [given]
      for (const [index, each] of all.entries()) {
        if (each === AUTO || isIpv4(each) || isIpv6(each)) continue
        const message = `${JSON.stringify(each)} is neither an IP address nor "auto"`
        context.addIssue({ code: 'custom', message, path: isList ? [index] : [] })
      }
      return all
    }),
  'list of addresses',
  'Addresses of this host as the Internet sees it, which middle proxies must be told; `auto`: those of its interfaces. Needed behind NAT.',
)
