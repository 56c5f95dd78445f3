import { z } from 'zod'
import type { Endpoint } from '../net/endpoint.ts'
import { parseTcpAddress } from './address.ts'
import { bad, good, type Parsed } from './parsed.ts'
import { duration, durationOr } from './schema-durations.ts'
import { describe, list, oneOf, table, text, wholeOr, word } from './schema-values.ts'

const dataCentres = z.record(
  z.string().regex(/^-?[1-9]\d{0,4}$/),
  z
    .union([text(parseTcpAddress), z.array(text(parseTcpAddress)).min(1, 'at least one address is needed')], {
      error: (issue) => dataCentreMessage(issue.input),
    })
    .transform((value) => (Array.isArray(value) ? value : [value])),
  {
    error: (issue) =>
      issue.code === 'invalid_key'
        ? 'a data centre is a number such as 2, 203 or -4'
        : 'expected a table such as { 2 = ["149.154.167.51:443"] }',
  },
)

function dataCentreMessage(input: unknown): string {
  const all = Array.isArray(input) ? input : [input]
  return firstRefused(all, parseTcpAddress) ?? 'expected "host:port" or a list of these, at least one'
}

/** Why the first that is refused is; undefined also where one is no text. */
function firstRefused(
  all: readonly unknown[],
  parse: (value: string) => Parsed<unknown>,
): string | undefined {
  for (const each of all) {
    if (typeof each !== 'string') return undefined
    const parsed = parse(each)
    if (!parsed.ok) return parsed.message
  }
  return undefined
}

const AD_TAG = /^[0-9a-f]{32}$/

/** 32 hexadecimal digits, as @MTProxybot gives them. */
export function parseAdTag(value: string): Parsed<string> {
  const tag = value.toLowerCase()
  return AD_TAG.test(tag)
    ? good(tag)
    : bad(`${JSON.stringify(value)} is not an ad tag: @MTProxybot gives one of 32 hexadecimal digits`)
}

function parseHttpsUrl(value: string): Parsed<string> {
  const url = URL.parse(value)
  return url?.protocol === 'https:' || url?.protocol === 'http:'
    ? good(value)
    : bad(`${JSON.stringify(value)} is not a URL such as "https://core.telegram.org/getProxyConfig"`)
}

/** RFC 8489 §18.6. */
const STUN_PORT = 3478

function parseStunServer(value: string): Parsed<Endpoint> {
  const place = value.trim().replace(/^stun:(\/\/)?/, '')
  const hasPort = /^(\[[^\]]*\]|[^:]+):\d+$/.test(place)
  return parseTcpAddress(hasPort ? place : `${place}:${STUN_PORT}`)
}

const MOST_STUN_SERVERS = 4

function stunMessage(input: unknown): string {
  const all = Array.isArray(input) ? input : undefined
  if (all !== undefined && all.length > MOST_STUN_SERVERS)
    return `at most ${MOST_STUN_SERVERS} servers are possible`
  return (
    firstRefused(all ?? [], parseStunServer) ?? 'expected "off" or a list such as ["stun.example.org:3478"]'
  )
}

const middle = describe(
  table({
    addresses: describe(
      dataCentres.prefault({}),
      'table of addresses',
      'Middle proxies by data centre, like `data_centres`; an entry replaces what was downloaded for that number.',
    ),
    secret_file: describe(
      word().optional(),
      'file',
      'The secret that all proxies share with the middle proxies (32 to 256 bytes), in place of the downloaded one.',
    ),
    secret_url: describe(
      text(parseHttpsUrl).prefault('https://core.telegram.org/getProxySecret'),
      'URL',
      'Where that secret is downloaded.',
    ),
    config_url: describe(
      text(parseHttpsUrl).prefault('https://core.telegram.org/getProxyConfig'),
      'URL',
      'Where the list of middle proxies is downloaded; that of IPv6 is at the same URL with `V6` behind it.',
    ),
    refresh: describe(
      duration({ min: '1m', max: '30d' }).prefault('1h'),
      'duration',
      'How often both are downloaded, about. What was good is kept on disk until something good replaces it.',
    ),
    stun: describe(
      z
        .union([z.literal('off'), list(text(parseStunServer)).max(MOST_STUN_SERVERS)], {
          error: ({ input }) => stunMessage(input),
        })
        .prefault('off')
        .transform((value) => (value === 'off' ? [] : value)),
      'choice',
      '`off`, or servers such as `["stun.example.org:3478"]`: strangers that are asked for the address under which they see this host, where `public_addresses` is `auto` and neither an interface nor a name tells it.',
    ),
  }),
  'table',
  'Middle proxies, which carry sessions with an ad tag. Nothing is downloaded while none is used.',
)

export const telegram = describe(
  table({
    prefer: describe(
      oneOf(['ipv4', 'ipv6', 'only-ipv4', 'only-ipv6']).prefault('ipv4'),
      'choice',
      'Which family is tried first towards the data centres.',
    ),
    via: describe(
      oneOf(['direct', 'middle']).prefault('direct'),
      'choice',
      '`direct`: to the data centres. `middle`: by Telegram’s middle proxies. A user with an ad tag goes by middle in any case.',
    ),
    fallback: describe(
      oneOf(['always', 'untagged', 'never']).prefault('always'),
      'choice',
      'Who goes to the data centre itself while no middle proxy answers: everybody (the ad is not shown then), those without an ad tag, or nobody.',
    ),
    ad_tag: describe(
      text(parseAdTag).optional(),
      'ad tag',
      'For all users who have none of their own: 32 hexadecimal digits from @MTProxybot.',
    ),
    unknown_dc: describe(
      wholeOr('refuse', 1, 32_767).prefault('refuse'),
      'choice',
      '`refuse`, or the number of the data centre that sessions for an unknown one go to. By middle proxies `refuse` leads where Telegram’s list of them says (`default`).',
    ),
    data_centres: describe(
      dataCentres.prefault({}),
      'table of addresses',
      'Addresses by number: `{ 2 = ["149.154.167.51:443", "[2001:67c:4e8:f002::a]:443"], 203 = […], -4 = […] }`. An entry replaces the built-in one; `-n` without an entry means `n`.',
    ),
    warm: describe(
      wholeOr('auto', 0, 64).prefault('auto'),
      'choice',
      'Idle connections that each worker keeps for a data centre in use, so that a new session saves a round trip; `auto`: by what was asked for lately; 0: none. A minute after the last session nothing is kept. Not for users with an `upstream` or a `rate` of their own.',
    ),
    probe: describe(
      durationOr('off', { min: '10s', max: '1d' }).prefault('5m'),
      'duration',
      'How often, about, each worker asks every data centre and middle proxy in use a question of its own (`req_pq`), by every way that sessions may take. Who does not answer is tried after those who do; times and failures are in the metrics. In use is what a session went to within the last hour. `off`: never.',
    ),
    dial_timeout: describe(
      duration({ min: '100ms', max: '1m' }).prefault('5s'),
      'duration',
      'How long a connection to a data centre may take.',
    ),
    middle: middle.prefault({}),
  }),
  'table',
  'The road to Telegram.',
)
