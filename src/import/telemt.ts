import { domainToASCII } from 'node:url'
import type { Table } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import type { Peer } from './peer.ts'
import { isTable, type Rule, type Rules, valueAt } from './rules.ts'
import { TELEMT_ACCESS } from './telemt-access.ts'
import { TELEMT_GENERAL } from './telemt-general.ts'
import { openPlain, TELEMT_SERVER } from './telemt-server.ts'
import { asNumber, asText, hostPort, number, splitHostPort, text, texts, yesNo } from './values.ts'
import { carried, changed, dropped, type ReportLine } from './verdict.ts'

const AS_THE_SITE = 'not needed here: the answer is the site’s own, live'
const SPLICED = 'not needed here: strangers are spliced to the site without a limit or a trait of ours'

/** telemt normalises names by IDNA. */
const ascii = (name: string) => domainToASCII(name.trim()) || name

const domain: Rule = text((name, { draft, get }) => draft.addSite(ascii(name), maskOf(ascii(name), get)))

/** Where strangers of a name go: the fixed place if there is one, else the name itself. */
function maskOf(name: string, get: (path: string) => unknown): string {
  const socket = asText(get('censorship.mask_unix_sock') as string)
  if (socket !== undefined) return `unix:${socket}`
  const host = asText(get('censorship.mask_host') as string)
  const port = asNumber(get('censorship.mask_port') as number) ?? 443
  const { host: bare = name, port: own } = (host === undefined ? undefined : splitHostPort(host)) ?? {}
  return hostPort(bare, own ?? port)
}

const mask: Rule = (_value, { draft }) =>
  draft.domains.length === 0 ? dropped('there is no site') : carried('front.address')

const UNKNOWN_SNI: Readonly<Record<string, string>> = {
  drop: 'drop',
  mask: 'front',
  reject_handshake: 'reject',
}

const CENSORSHIP: Rules = {
  'censorship.tls_domain': domain,
  'censorship.tls_domains': texts((names, { draft, get }) => {
    const failed = names
      .map((name) => draft.addSite(ascii(name), maskOf(ascii(name), get)))
      .find(({ outcome }) => outcome === 'not carried')
    return failed ?? carried('front.site', 'all links: portico link --all')
  }),
  'censorship.exclusive_mask.*': text((place, { draft, path }) => {
    const name = ascii(String(path[2]))
    const parts = splitHostPort(place)
    if (parts === undefined) return dropped('not host:port')
    const isKnown = draft.domains.includes(name)
    const site = draft.addSite(name, hostPort(parts.host, parts.port ?? 443))
    if (site.outcome === 'not carried' || isKnown) return site
    return changed('a site of its own, with a link for every user in portico link --all', 'front.site')
  }),
  'censorship.unknown_sni_action': text((action, { draft }) => {
    if (action === 'accept')
      return changed('a hello with a valid digest is always served here', 'front.unknown_sni')
    const meant = UNKNOWN_SNI[action]
    return meant === undefined ? dropped('no such action') : draft.put('front.unknown_sni', meant)
  }),
  'censorship.mask': yesNo((on) =>
    on ? carried('front') : changed('strangers always see the site here', 'front'),
  ),
  'censorship.mask_dynamic': yesNo((on) =>
    on
      ? changed('every name is a site; set front.site.address where it lives elsewhere', 'front.site')
      : carried('front.site'),
  ),
  'censorship.mask_host': mask,
  'censorship.mask_port': mask,
  'censorship.mask_unix_sock': mask,
  'censorship.mask_proxy_protocol': number((version, { draft }) => {
    if (version > 2) return dropped('0, 1 or 2')
    const word = version === 0 ? 'off' : `v${version}`
    return version === 0 ? carried('front.proxy_protocol') : draft.forSites('proxy_protocol', () => word)
  }),
  'censorship.tls_emulation': AS_THE_SITE,
  'censorship.tls_front_dir': AS_THE_SITE,
  'censorship.tls_fetch_scope': AS_THE_SITE,
  'censorship.tls_fetch.*': AS_THE_SITE,
  'censorship.fake_cert_len': AS_THE_SITE,
  'censorship.server_hello_delay_*': 'not carried on purpose: the answer comes when the site’s does',
  'censorship.tls_new_session_tickets': AS_THE_SITE,
  'censorship.serverhello_compact': AS_THE_SITE,
  'censorship.tls_full_cert_ttl_secs': AS_THE_SITE,
  'censorship.alpn_enforce': AS_THE_SITE,
  'censorship.mask_shape_hardening': yesNo((on, { draft }) =>
    on ? shaping('length', draft) : dropped('it is switched off'),
  ),
  'censorship.mask_shape_*':
    'the lengths are 512 bytes, 1, 2 and 4 KiB here, and what is longer stays as it is',
  'censorship.mask_relay_*': SPLICED,
  'censorship.mask_classifier_prefetch_timeout_ms': SPLICED,
  'censorship.mask_timing_normalization_enabled': yesNo((on, { draft }) =>
    on ? shaping('timing', draft) : dropped('it is switched off'),
  ),
  'censorship.mask_timing_normalization_*': 'the time is drawn between 30 and 60 ms here',
}

/** Two switches there, one word here. */
function shaping(part: 'timing' | 'length', draft: Draft) {
  const word = draft.has('front.shaping') ? 'both' : part
  return draft.put(
    'front.shaping',
    word,
    'without it strangers see the site exactly as it is; consider "off"',
  )
}

const UPSTREAMS: Rules = {
  'upstreams.*': (value, { draft, path }) => {
    if (!isTable(value)) return dropped('expected a table')
    return upstream(value, Number(path[1]), draft)
  },
}

const UPSTREAM_KEYS: Readonly<Record<string, string>> = {
  scopes: 'scopes: a user names an upstream here',
  prefer: 'prefer: telegram.prefer is for all',
  ipv4: 'ipv4: families are telegram.prefer',
  ipv6: 'ipv6: families are telegram.prefer',
  bindtodevice: 'bindtodevice: not possible in this runtime; bind names a local address',
  force_bind: 'force_bind: not possible in this runtime; bind names a local address',
}

function upstream(source: Table, index: number, draft: Draft) {
  if (source.enabled === false) return dropped('it is disabled')
  const url = upstreamUrl(source)
  if (url === undefined) return dropped('neither direct, socks4, socks5 nor shadowsocks with an address')
  const [bind, ...more] = [source.interface, ...[source.bind_addresses ?? []].flat()].flatMap(
    (each) => asText(each) ?? [],
  )
  const isAddress = bind !== undefined && /^[0-9.]+$|:/.test(bind)
  const lost = [
    ...Object.keys(UPSTREAM_KEYS).flatMap((key) => (source[key] === undefined ? [] : [UPSTREAM_KEYS[key]])),
    ...(bind !== undefined && !isAddress ? ['interface: give its address as bind'] : []),
    ...(more.length > 0 ? ['bind_addresses: the first; give each an upstream of its own'] : []),
  ]
  const how = lost.length === 0 ? undefined : `without ${lost.join('; ')}`
  const weight = asNumber(source.weight)
  const table: Table = {
    name: `${asText(source.type) ?? 'direct'}-${index + 1}`,
    url,
    ...(weight === undefined ? {} : { weight: Math.min(Math.max(weight, 1), 1000) }),
    ...(isAddress ? { bind } : {}),
  }
  return draft.add('upstream', table, how)
}

function upstreamUrl(source: Table): string | undefined {
  const type = asText(source.type) ?? 'direct'
  if (type === 'direct') return 'direct:'
  if (type === 'shadowsocks') return asText(source.url)
  const address = asText(source.address)
  if ((type !== 'socks4' && type !== 'socks5') || address === undefined) return undefined
  const user = asText(source.username) ?? asText(source.user_id)
  const password = asText(source.password)
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`
  return `${type}://${user === undefined ? '' : `${encodeURIComponent(user)}${secret}@`}${address}`
}

export const telemt: Peer = {
  kind: 'telemt',
  rules: { ...CENSORSHIP, ...TELEMT_SERVER, ...TELEMT_GENERAL, ...TELEMT_ACCESS, ...UPSTREAMS },
  defaults,
}

function defaults(source: Table, draft: Draft): ReportLine[] {
  const lines: ReportLine[] = []
  openPlain({
    path: [],
    draft,
    get: (path) => valueAt(source, typeof path === 'string' ? path.split('.') : path),
  })
  if (draft.domains.length === 0) {
    draft.addSite(
      'petrovich.ru',
      maskOf('petrovich.ru', (path) => valueAt(source, path.split('.'))),
    )
    lines.push({
      key: 'censorship.tls_domain',
      ...changed('not said: telemt’s own default, which is in the links', 'front.domain'),
    })
  }
  if (valueAt(source, ['general', 'use_middle_proxy']) === undefined) {
    draft.put('telegram.via', 'middle')
    lines.push({
      key: 'general.use_middle_proxy',
      ...changed('not said: true is telemt’s default', 'telegram.via'),
    })
  }
  return lines
}
