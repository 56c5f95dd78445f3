import { z } from 'zod'
import { isIpv4, isIpv6 } from './ip.ts'
import { bad, good } from './parsed.ts'
import { describe, list, oneOf, tables, text, whole, word } from './schema-values.ts'
import { parseUpstreamUrl } from './upstream-url.ts'

/** A sane name: it is a label of metrics. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/
/** Each has a row of counters. */
export const MOST_UPSTREAMS = 32

const name = () =>
  text((value) =>
    NAME.test(value)
      ? good(value)
      : bad('a name is 1 to 32 of A–Z a–z 0–9 . _ - and begins with a letter or digit'),
  )

const upstream = describe(
  z.strictObject(
    {
      name: describe(name(), 'name', 'By which users and plans ask for it, and its label in metrics.'),
      url: describe(
        text(parseUpstreamUrl),
        'URL',
        '`socks5://user:password@host:port`, `socks4://` (names by 4a), `http://` for CONNECT, `ss://method:password@host:port`, or `direct:`.',
      ),
      weight: describe(
        whole(1, 1000).prefault(1),
        'number',
        'Its share of the dials among those that are well.',
      ),
      bind: describe(
        text((value) =>
          isIpv4(value) || isIpv6(value) ? good(value) : bad(`${JSON.stringify(value)} is not an IP address`),
        ).optional(),
        'address',
        'The local address to connect from. One address has about 28,000 ports.',
      ),
      for: describe(
        list(oneOf(['telegram', 'lists', 'front'])).prefault(['telegram']),
        'list',
        'What goes by it unasked; empty: only users and plans that name it.',
      ),
    },
    { error: 'expected tables such as [[upstream]]' },
  ),
  'tables',
  'Ways to Telegram other than straight. Where one is listed for `telegram`, nothing goes straight unless a `direct:` is listed too. When one fails the next is tried within the same dial.',
)

export const upstreams = describe(
  tables(upstream, '[[upstream]]')
    .max(MOST_UPSTREAMS, `at most ${MOST_UPSTREAMS} upstreams are possible`)
    .prefault([]),
  'tables',
  'Proxies on the way to Telegram, and local addresses to connect from.',
)

/** One name, or a list of which the weights choose. */
export const upstreamNames = z
  .union([word(), list(word()).min(1, 'at least one name is needed')], {
    error: 'expected the name of an upstream or a list of these',
  })
  .transform((value) => (Array.isArray(value) ? value : [value]))
