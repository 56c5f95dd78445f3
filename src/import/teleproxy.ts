import type { Table } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import { expiry } from './mtg-multi.ts'
import type { Peer } from './peer.ts'
import { type At, isTable, type Rule, type Rules, valueAt } from './rules.ts'
import {
  asNumber,
  asText,
  asTexts,
  bytesOf,
  hostPort,
  number,
  sizeOf,
  splitHostPort,
  text,
  texts,
  yesNo,
} from './values.ts'
import { carried, changed, dropped, type ReportLine } from './verdict.ts'

const userOf = ({ path, get }: At) => labelOf(get([path[0] ?? '', path[1] ?? '']), Number(path[1]))

function labelOf(secret: unknown, index: number): string {
  const label = isTable(secret as Table) ? asText((secret as Table).label) : undefined
  return label ?? `user${index + 1}`
}

const SECRETS: Rules = {
  'secret.*.key': text((key, at) => at.draft.addUser(userOf(at), key)),
  'secret.*.label': text((_label, at) =>
    at.draft.userNames.includes(userOf(at)) ? carried('users') : dropped('its secret is not carried'),
  ),
  'secret.*.limit': number((most, at) =>
    most === 0 ? dropped('0 means no limit') : at.draft.putUser(userOf(at), 'sessions', most),
  ),
  'secret.*.quota': (value, at) => {
    const bytes = bytesOf(value, false)
    if (bytes === undefined) return dropped('not a size such as "10G"')
    if (bytes === 0) return dropped('0 means no quota')
    const how = 'what was used so far is not counted'
    return at.draft.putUser(userOf(at), 'quota', { bytes: sizeOf(bytes), period: 'never' }, how)
  },
  'secret.*.rate_limit': (value, at) => {
    const bytes = bytesOf(value, false)
    if (bytes === undefined) return dropped('not a rate such as "1M"')
    if (bytes === 0) return dropped('0 means no limit')
    const rate = `${sizeOf(bytes)}/s`
    return at.draft.putUser(userOf(at), 'rate', { up: rate, down: rate }, 'of the user, not of each address')
  },
  'secret.*.max_ips': number((most, at) =>
    most === 0
      ? dropped('0 means no limit')
      : at.draft.putUser(
          userOf(at),
          'addresses',
          { max: most, window: '1s', ipv4_prefix: 32 },
          'IPv6 is counted by /64',
        ),
  ),
  'secret.*.expires': (value, at) => expiry(() => userOf(at))(value, at),
}

const domains: Rule = texts((names, { draft }) => {
  const verdicts = names.map((name) => {
    const parts = splitHostPort(name)
    if (parts === undefined) return dropped(`${JSON.stringify(name)} is not a name`)
    return draft.addSite(parts.host, hostPort(parts.host, parts.port ?? 443))
  })
  return verdicts.find(({ outcome }) => outcome === 'not carried') ?? carried('front.domain')
})

const override: Rule = (value, { draft }) => {
  const [dc, host] = isTable(value) ? [asNumber(value.dc), asText(value.host)] : []
  if (!isTable(value) || dc === undefined || host === undefined) return dropped('needs dc and host')
  return draft.add(`telegram.data_centres.${dc}`, hostPort(host, asNumber(value.port) ?? 443))
}

export const teleproxy: Peer = {
  kind: 'teleproxy',
  rules: {
    ...SECRETS,
    domain: domains,
    port: number((port, { draft, get }) => {
      draft.addListener(hostPort(asText(get('bind')) ?? '0.0.0.0', port))
      return carried('listen')
    }),
    bind: (_value, { draft }) => (draft.listeners > 0 ? carried('listen') : dropped('there is no port')),
    random_padding_only: yesNo((on, { draft }) => {
      if (on) draft.modes = ['secure']
      return carried('listener.*.modes')
    }),
    proxy_protocol: yesNo((on, { draft }) =>
      on
        ? draft.putListeners(
            'proxy_protocol',
            { from: ['0.0.0.0/0', '::/0'] },
            'everybody’s header is believed: name the networks of your balancer in "from"',
          )
        : carried('listener.*.proxy_protocol'),
    ),
    direct: yesNo((on, { draft }) => draft.put('telegram.via', on ? 'direct' : 'middle')),
    proxy_tag: text((tag, { draft }) => draft.put('telegram.ad_tag', tag)),
    'dc_override.*': override,
    socks5: text((url, { draft }) =>
      draft.add('upstream', { name: 'socks5', url: /^[a-z0-9]+:\/\//.test(url) ? url : `socks5://${url}` }),
    ),
    workers: number((count, { draft }) =>
      count === 0 ? carried('process.workers') : draft.put('process.workers', count),
    ),
    max_connections: sessions(),
    maxconn: sessions(),
    ip_blocklist: texts((files, { draft }) =>
      draft.put(
        'lists.block',
        files.map((each) => draft.fileOf(each)),
      ),
    ),
    ip_allowlist: texts((files, { draft }) =>
      draft.put(
        'lists.only',
        files.map((each) => draft.fileOf(each)),
      ),
    ),
    stats_port: number((port, { draft, get }) => {
      const beyond = (asTexts(get('stats_allow_net')) ?? []).length > 0
      return draft.put('metrics.listen', beyond ? String(port) : hostPort('127.0.0.1', port), STATS)
    }),
    http_stats: (_value, { draft }) =>
      draft.has('metrics.listen') ? changed(STATS, 'metrics.listen') : dropped('there is no stats_port'),
    stats_allow_net: texts((networks, { draft }) => draft.put('metrics.allow', networks)),
    top_ips_per_secret: 'there are no metrics by address',
    dc_probe_interval: (value, { draft }) => {
      const seconds = asNumber(value)
      if (seconds === undefined) return dropped('expected a number of seconds')
      return draft.put('telegram.probe', seconds === 0 ? 'off' : `${seconds}s`)
    },
    drain_timeout_secs:
      'a removed user’s sessions end at once; portico user remove NAME --drain 5m lets them go on',
    user: 'the service manager says who runs it (User= of systemd)',
  },
  defaults,
}

const STATS = 'Prometheus metrics with portico’s own names'

function sessions(): Rule {
  return number((most, { draft }) =>
    most === 0
      ? dropped('0 means no limit')
      : draft.put('limits.sessions', most, 'visitors of the site do not count'),
  )
}

function defaults(source: Table, draft: Draft): ReportLine[] {
  const lines: ReportLine[] = []
  // Without a name it speaks the two old modes; with one only FakeTLS.
  if (draft.domains.length === 0 && draft.modes.includes('tls')) {
    draft.modes = ['secure', 'classic']
    const how = 'not said: clients speak the old modes, which are recognisable on the wire'
    lines.push({ key: 'domain', ...changed(how, 'listener.*.modes') })
  }
  if (valueAt(source, ['direct']) === undefined) {
    draft.put('telegram.via', 'middle')
    lines.push({ key: 'direct', ...changed('not said: false is its default', 'telegram.via') })
  }
  return lines
}
