import { z } from 'zod'
import { parseFrontAddress, parseTargetAddress } from './address.ts'
import { parseDomain, parseSiteDomain } from './host-name.ts'
import { duration } from './schema-durations.ts'
import { describe, oneOf, table, tables, text, word } from './schema-values.ts'

const PROXY_PROTOCOL = ['off', 'v1', 'v2'] as const

const frontAddress = () =>
  z.union([z.literal('built-in'), text(parseTargetAddress)], { error: ({ input }) => addressMessage(input) })

function addressMessage(input: unknown): string {
  if (typeof input !== 'string' && !Number.isInteger(input))
    return 'expected text: host:port, unix:/path or "built-in"'
  const parsed = parseFrontAddress(String(input))
  return parsed.ok ? '' : parsed.message
}

const site = describe(
  table({
    domain: describe(
      text(parseSiteDomain),
      'domain',
      'A further name, or `*.example.org` for every name one label under it.',
    ),
    address: describe(frontAddress().optional(), 'address', 'Where that site listens; as `front.address`.'),
    proxy_protocol: describe(
      oneOf(PROXY_PROTOCOL).optional(),
      'choice',
      'As `front.proxy_protocol`, which it is when absent.',
    ),
  }),
  'tables',
  'A further site: a name, and where that site listens. May be given several times.',
)

export const front = describe(
  z.strictObject(
    {
      domain: describe(
        text(parseDomain),
        'domain',
        'The name in the links: the SNI that clients show. A host name of 4 to 182 bytes.',
      ),
      address: describe(
        frontAddress().optional(),
        'address',
        'Where that site really listens: `host:port`, `unix:/path`, or `"built-in"`. Absent: `"built-in"` if the domain resolves to this host or nowhere, else `domain:443` with a warning about a remote front.',
      ),
      root: describe(
        word().optional(),
        'folder',
        'Folder that the built-in site serves; without it, a small neutral page.',
      ),
      proxy_protocol: describe(
        oneOf(PROXY_PROTOCOL).prefault('off'),
        'choice',
        'The PROXY header that the site is sent before everything else, with the address of the client (nginx: `listen … ssl proxy_protocol`). The built-in site needs none.',
      ),
      answer: describe(
        oneOf(['auto', 'mirror', 'profile']).prefault('auto'),
        'choice',
        "How a user's hello is answered: `mirror` with the front's own first flight for it; `profile` with one that was recorded from that front, its key share made for this hello; `auto` mirrors, and takes a recorded one where that is not possible (front down, an alert, TLS 1.2, HelloRetryRequest). With `profile` no user is served before the first flights are recorded, some seconds after a first start; later starts have those of before.",
      ),
      unknown_sni: describe(
        oneOf(['front', 'reject', 'drop']).prefault('front'),
        'choice',
        'What strangers who ask for a name that is not served meet: the `front`, whatever it says; `reject`, the alert by which the front refuses an unknown name, or else `unrecognized_name`; `drop`, an end without a word, which no web server gives. A hello with a valid digest is always a user’s, whatever its name.',
      ),
      clock_skew: describe(
        duration({ min: '1s', max: '1d' }).prefault('10m'),
        'duration',
        'How far the clock of a client may be off, in either direction. Clocks that count from boot are refused.',
      ),
      shaping: describe(
        oneOf(['off', 'timing', 'length', 'both']).prefault('off'),
        'choice',
        'Blurs how strangers meet the front, as telemt does: `timing` holds its first words after the decision for 30 to 60 ms; `length` follows a client’s last byte with random ones, up to 512 bytes or the next double of that, at most 4 KiB, which the front sees; `both`. Each is farther from the site than `off`, which changes nothing: see docs/camouflage.md.',
      ),
      site: describe(
        tables(site, '[[front.site]]').prefault([]),
        'tables',
        'Further sites, each with `domain` and `address`.',
      ),
    },
    { error: required('a table [front] with the domain is needed') },
  ),
  'table',
  'The web site that everybody without a secret sees.',
)

function required(message: string): (issue: { input?: unknown }) => string {
  return (issue) => (issue.input === undefined ? message : 'expected a table')
}
