import { z } from 'zod'
import { parseDnsServer } from './dns-server.ts'
import { parseServerHost } from './host-name.ts'
import { isIpv4, isIpv6 } from './ip.ts'
import { bad, good } from './parsed.ts'
import { describe, list, table, text } from './schema-values.ts'

/** Each is asked in its turn while somebody waits. */
const MOST_SERVERS = 8
const MOST_HOSTS = 1000

const address = () =>
  text((value) =>
    isIpv4(value) || isIpv6(value) ? good(value) : bad(`${JSON.stringify(value)} is not an IP address`),
  )

const hosts = z
  .record(
    z.string(),
    z
      .union([address(), list(address()).min(1, 'at least one address is needed')], {
        error: 'expected an IP address, or a list of these',
      })
      .transform((value) => (Array.isArray(value) ? value : [value])),
    { error: 'expected a table such as { "www.example.org" = "192.0.2.1" }' },
  )
  .transform((given, context) => {
    const byName: Record<string, string[]> = {}
    for (const [name, addresses] of Object.entries(given)) {
      const parsed = parseServerHost(name.replace(/\.$/, ''))
      if (parsed.ok && !isIpv4(name) && !isIpv6(name)) byName[parsed.value.toLowerCase()] = addresses
      else {
        const message = parsed.ok ? `${JSON.stringify(name)} is an address, not a name` : parsed.message
        context.addIssue({ code: 'custom', message, path: [name] })
      }
    }
    if (Object.keys(byName).length > MOST_HOSTS) {
      context.addIssue({ code: 'custom', message: `at most ${MOST_HOSTS} names are possible` })
    }
    return byName
  })

export const dns = describe(
  table({
    servers: describe(
      list(text(parseDnsServer))
        .min(1, 'at least one server is needed; "system" asks whatever this host is set up with')
        .max(MOST_SERVERS, `at most ${MOST_SERVERS} servers are possible`)
        .prefault(['system']),
      'list of servers',
      '`system` (what this host is set up with), `udp://9.9.9.9`, `tls://9.9.9.9#dns.quad9.net` (the name is that of the certificate), or `https://dns.quad9.net/dns-query`. The next is asked only where one gives no answer; nothing falls back to the system unless it is listed. Names of one label are always the system’s. A server given by name is found by `hosts` or the system.',
    ),
    hosts: describe(
      hosts.prefault({}),
      'table of addresses',
      'Addresses of names that nobody is asked for: `{ "www.example.org" = "192.0.2.1" }`, or a list for each.',
    ),
  }),
  'table',
  'How names become addresses, for everything that portico dials: fronts, upstreams, data centres, lists.',
)
