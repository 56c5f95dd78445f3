import { formatDuration } from '../config/duration.ts'
import { isListUrl } from '../config/schema-lists.ts'
import type { Table } from '../config/toml.ts'
import { parseSecret } from '../protocol/secret.ts'
import type { Peer } from './peer.ts'
import { type Apply, type At, type Rule, type Rules, valueAt } from './rules.ts'
import {
  asNumber,
  asText,
  goDuration,
  hostPort,
  number,
  splitHostPort,
  text,
  texts,
  yesNo,
} from './values.ts'
import { carried, changed, dropped, type Verdict } from './verdict.ts'

/** The one user of an mtg. */
export const MTG_USER = 'default'

const ITS_OWN = 'not needed here'
const OFF = 'it is switched off'

/** A user by a secret that carries the name of the site (mtg mtglib/secret.go: hex or base64url, begins with ee). */
export function secretWithName(secret: string, user: string, at: At): Verdict {
  const reading = parseSecret(secret.trim())
  if (!reading.ok) return dropped(`not a secret: ${reading.message}`)
  if (reading.secret.kind !== 'tls') return dropped('not a secret with the name of a site (ee…)')
  const { key, domain } = reading.secret
  const isFirst = at.draft.domains.length === 0
  const site = at.draft.addSite(domain, frontOf(domain, at))
  if (site.outcome === 'not carried') return site
  const hex = key.toString('hex')
  const isHex = /^[0-9a-f]+$/i.test(secret.trim())
  const spelling = [
    ...(isHex ? [] : ['links spell the same secret in hex']),
    ...(site.outcome === 'changed' ? ['the name is in lower case in links; old ones go on working'] : []),
  ].join('; ')
  const added = at.draft.addUser(user, hex, spelling === '' ? undefined : spelling)
  if (added.outcome !== 'not carried' && !isFirst && at.draft.domains[0] !== domain.toLowerCase())
    at.draft.putUser(user, 'domain', domain.toLowerCase())
  return added
}

/** mtg dials the name of the secret, or one fixed host, for whoever is not a client. */
function frontOf(domain: string, { get }: At): string {
  const host =
    asText(get('domain-fronting.ip')) ??
    asText(get('domain-fronting-ip')) ??
    asText(get('domain-fronting.host'))
  const port = asNumber(get('domain-fronting.port')) ?? asNumber(get('domain-fronting-port')) ?? 443
  return hostPort(host ?? domain, port)
}

const front: Rule = (_value, { draft }) =>
  draft.domains.length === 0 ? dropped('there is no site') : carried('front.address')

const frontProxyProtocol: Rule = yesNo((on, { draft }) =>
  on ? draft.forSites('proxy_protocol', () => 'v2') : carried('front.proxy_protocol'),
)

export const listen: Rule = texts((addresses, { draft }) => {
  for (const address of addresses) draft.addListener(address)
  return carried(addresses.length === 1 ? 'listen' : 'listener')
})

/** A duration of Go into a key of portico. */
export function goTime(key: string, how?: string): Apply {
  return text((value, { draft }) => {
    const milliseconds = goDuration(value)
    if (milliseconds === undefined) return dropped('not a duration of Go such as 5s')
    if (milliseconds === 0) return dropped('0 means none there; portico keeps its own')
    return draft.put(key, formatDuration(milliseconds), how)
  })
}

const PREFER = ['ipv4', 'ipv6', 'only-ipv4', 'only-ipv6']

const proxies: Rule = texts((urls, { draft }) => {
  const verdicts = urls.map((url, index) => {
    const plain = url.replace(/\?.*$/, '')
    return draft.add('upstream', { name: `proxy${index + 1}`, url: plain })
  })
  const how = urls.some((url) => url.includes('?'))
    ? 'parameters behind ? are left out: mtg 2 ignores them'
    : undefined
  const failed = verdicts.find(({ outcome }) => outcome === 'not carried')
  return failed ?? (how === undefined ? carried('upstream') : changed(how, 'upstream'))
})

const dns = (prefix: string): Rule =>
  text((value, { draft }) => {
    const given = `${prefix}${value}`
    const url = /^(?:udp|tls|https):\/\//.test(given) ? given : `udp://${given}`
    return draft.put('dns.servers', [url])
  })

/** mtg reads a list only while its table is enabled. */
function addressList(table: 'blocklist' | 'allowlist', to: string): Rules {
  const isOn = ({ get }: At) => get(`defense.${table}.enabled`) === true
  return {
    [`defense.${table}.enabled`]: yesNo((on) => (on ? carried(to) : dropped(OFF))),
    [`defense.${table}.download-concurrency`]: 'mtg does not use it either',
    [`defense.${table}.urls`]: texts((sources, at) => {
      if (!isOn(at)) return dropped(OFF)
      return at.draft.put(
        to,
        sources.map((each) => (isListUrl(each) ? each : at.draft.fileOf(each))),
      )
    }),
    [`defense.${table}.update-each`]: (value, at) => {
      if (!isOn(at)) return dropped(OFF)
      const known = at.draft.has('lists.refresh')
        ? 'one refresh for all lists: that of the last one'
        : undefined
      return goTime('lists.refresh', known)(value, at)
    },
  }
}

const isStatsd = ({ get }: At) => get('stats.statsd.enabled') === true
const statsd = (key: string): Rule =>
  text((value, at) => (isStatsd(at) ? at.draft.put(`metrics.statsd.${key}`, value) : dropped(OFF)))

const isPrometheus = ({ get }: At) => get('stats.prometheus.enabled') === true

const prometheus: Rules = {
  'stats.prometheus.enabled': yesNo((on, at) => {
    if (!on) return dropped(OFF)
    if (at.get('stats.prometheus.bind-to') === undefined)
      return dropped('without bind-to it listens on a random port: set metrics.listen')
    at.draft.put('metrics.path', asText(at.get('stats.prometheus.http-path')) ?? '/')
    return changed('the names of the metrics are portico’s', 'metrics')
  }),
  'stats.prometheus.bind-to': text((value, at) => {
    if (!isPrometheus(at)) return dropped(OFF)
    const host = splitHostPort(value)?.host ?? ''
    const isLocal = /^127\.|^::1$/.test(host)
    const how = isLocal ? undefined : 'only metrics.allow may read it (loopback unless you say more)'
    return at.draft.put('metrics.listen', value.startsWith(':') ? value.slice(1) : value, how)
  }),
  'stats.prometheus.http-path': text((value, at) =>
    isPrometheus(at) ? at.draft.put('metrics.path', value) : dropped(OFF),
  ),
  'stats.prometheus.metric-prefix': 'the names of the metrics are portico’s',
}

/** Keys that mtg-multi has from mtg. */
export const SHARED: Rules = {
  'bind-to': listen,
  debug: yesNo((on, { draft }) => {
    if (on) return draft.put('log.level', 'debug', 'secrets are never logged')
    return changed(
      'portico says at level "info" what mtg does not; log.level = "warn" is as quiet',
      'log.level',
    )
  }),
  'proxy-protocol-listener': yesNo((on, { draft }) => {
    if (!on) return carried('listener.*.proxy_protocol')
    const how =
      'the header is mandatory, and everybody’s is believed as before: name the networks of your balancer in "from"'
    return draft.putListeners('proxy_protocol', { from: ['0.0.0.0/0', '::/0'] }, how)
  }),
  concurrency: number((most, { draft }) =>
    draft.put(
      'limits.sessions',
      most,
      'visitors of the site do not count; who comes beyond it sees the site',
    ),
  ),
  'prefer-ip': text((value, { draft }) => {
    const name = value.toLowerCase().replace(/^prefer-/, '')
    return PREFER.includes(name)
      ? draft.put('telegram.prefer', name)
      : dropped('not a preference that mtg knows')
  }),
  'public-ipv4': text((value, { draft }) => publicAddress(value, draft)),
  'public-ipv6': text((value, { draft }) => publicAddress(value, draft)),
  'auto-update': 'not needed here: data centre 203 is built in; telegram.data_centres changes addresses',
  'tolerate-time-skewness': goTime('front.clock_skew'),
  'allow-fallback-on-unknown-dc': yesNo((on, { draft }) =>
    on ? draft.put('telegram.unknown_dc', 2) : draft.put('telegram.unknown_dc', 'refuse'),
  ),
  'domain-fronting-port': front,
  'domain-fronting-ip': front,
  'domain-fronting-proxy-protocol': frontProxyProtocol,
  'domain-fronting.ip': front,
  'domain-fronting.port': front,
  'domain-fronting.proxy-protocol': frontProxyProtocol,
  'network.dns': dns(''),
  'network.doh-ip': dns('https://'),
  'network.proxies': proxies,
  'network.timeout.tcp': goTime('telegram.dial_timeout'),
  'network.timeout.http': 'downloads have their own time here',
  'network.timeout.idle': goTime('limits.idle'),
  'network.timeout.handshake': 'the site’s own timer ends who says nothing',
  'network.keep-alive.*': 'the runtime’s own keep-alive is used',
  'defense.anti-replay.enabled': (value) =>
    value === true
      ? changed('always on and exact here', 'replay')
      : changed('always on here: a replay sees the site', 'replay'),
  'defense.anti-replay.max-size': `${ITS_OWN}: the memory of replays is exact and sized by itself`,
  'defense.anti-replay.error-rate': `${ITS_OWN}: the memory of replays is exact`,
  ...addressList('blocklist', 'lists.block'),
  ...addressList('allowlist', 'lists.only'),
  'defense.doppelganger.*': `${ITS_OWN}: the answer is the site’s own, live, with its own records`,
  'stats.statsd.address': statsd('address'),
  'stats.statsd.metric-prefix': statsd('prefix'),
  'stats.statsd.tag-format': statsd('tags'),
  'stats.statsd.enabled': yesNo((on, { draft }) => {
    if (!on) return dropped(OFF)
    const how = 'the names of the metrics are portico’s'
    return draft.has('metrics.statsd')
      ? changed(how, 'metrics.statsd')
      : dropped('its address is not carried')
  }),
  ...prometheus,
}

function publicAddress(value: string, draft: At['draft']): Verdict {
  const added = draft.add('public_addresses', value)
  return draft.has('public_host') ? added : draft.put('public_host', value)
}

const secret: Rule = text((value, at) => secretWithName(value, MTG_USER, at))

export const mtg: Peer = {
  kind: 'mtg',
  rules: { secret, ...SHARED },
  defaults: (source, draft) => frontDefaults(source, draft),
}

/** Without a name of the host in the file mtg asks a service of the web for its address; portico does not. */
export function frontDefaults(source: Table, draft: At['draft']) {
  const hasHost = ['public-ipv4', 'public-ipv6'].some((key) => valueAt(source, [key]) !== undefined)
  if (hasHost) return []
  const how = 'not said: links name this host’s own address, or what you set here'
  return draft.has('public_host')
    ? []
    : [{ key: 'public-ipv4', outcome: 'changed' as const, to: 'public_host', how }]
}
