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
  'Addresses of this host as the Internet sees it, for links and for middle proxies, which must be told. `auto`: public ones of its interfaces, else those of `public_host` or of the site’s name where the site is on this host, else what `telegram.middle.stun` says. Needed behind NAT where none of these tells.',
)
