import { z } from 'zod'
import type { Endpoint } from '../net/endpoint.ts'
import { parseListenAddress } from './address.ts'
import { parseServerHost } from './host-name.ts'
import { parseCidr } from './ip.ts'
import { duration } from './schema-durations.ts'
import { describe, list, oneOf, table, text, whole } from './schema-values.ts'

export const DEFAULT_BACKLOG = 4096
export const DEFAULT_PERMISSIONS = 0o660

export const publicHost = () => text(parseServerHost).optional()
export const publicPort = () => whole(1, 65_535).optional()

export const listen = z
  .union(
    [
      z.string(),
      z.number(),
      z.array(z.union([z.string(), z.number()])).min(1, 'at least one address is needed'),
    ],
    {
      error: 'expected a port, "ip:port", "unix:/path", or a list of these',
    },
  )
  .transform((given, context): Endpoint[] => {
    const one = !Array.isArray(given)
    return (one ? [given] : given).flatMap((each, index) => {
      const address = parseListenAddress(String(each))
      if (address.ok) return [address.value]
      context.addIssue({ code: 'custom', message: address.message, path: one ? [] : [index] })
      return []
    })
  })

export const listener = describe(
  table({
    address: describe(
      text(parseListenAddress),
      'address',
      'Where to listen: port (both families), `ip:port`, `[ip6]:port` or `unix:/path`.',
    ),
    modes: describe(
      list(oneOf(['tls', 'secure', 'classic']))
        .min(1, 'at least one mode is needed')
        .prefault(['tls']),
      'list',
      'What clients may speak here. `tls` is FakeTLS behind the front; the others are recognisable on the wire.',
    ),
    backlog: describe(
      whole(1, 65_535).prefault(DEFAULT_BACKLOG),
      'number',
      'Connections that may wait to be accepted (the kernel caps it at net.core.somaxconn).',
    ),
    permissions: describe(
      text((value) => {
        const octal = /^0?[0-7]{3}$/.test(value)
        return octal
          ? { ok: true, value: Number.parseInt(value, 8) }
          : { ok: false, message: `${JSON.stringify(value)} is not a file mode such as "0660"` }
      }).prefault(`0${DEFAULT_PERMISSIONS.toString(8)}`),
      'file mode',
      'Mode of a unix socket.',
    ),
    proxy_protocol: describe(
      table(
        {
          from: describe(
            list(text(parseCidr)).min(1, 'at least one network is needed'),
            'list of networks',
            'Whose header is believed. From these it is mandatory, everybody else is refused. On a unix socket everybody must send it.',
          ),
          timeout: describe(
            duration({ min: '100ms', max: '1m' }).prefault('3s'),
            'duration',
            'How long the header may take.',
          ),
        },
        '{ from = ["10.0.0.0/8"] }',
      ).optional(),
      'table',
      'For listeners behind a balancer that tells the client’s address (HAProxy: `send-proxy`, `send-proxy-v2`).',
    ),
    public_host: describe(
      publicHost(),
      'host',
      'Like the top-level `public_host`, for links to this listener.',
    ),
    public_port: describe(
      publicPort(),
      'port',
      'Like the top-level `public_port`, for links to this listener.',
    ),
  }),
  'tables',
  'Where clients are accepted, with everything that `listen` cannot say. May be given several times.',
)
