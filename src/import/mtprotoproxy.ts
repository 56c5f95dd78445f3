import type { Table } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import type { Peer } from './peer.ts'
import { type At, isTable, type Rule, type Rules, valueAt } from './rules.ts'
import { asNumber, asText, asTexts, hostPort, number, sizeOf, text, texts, yesNo } from './values.ts'
import { carried, changed, dropped, type ReportLine } from './verdict.ts'

/** Of mtprotoproxy without a file. */
const PORT = 3256
const DOMAIN = 'www.google.com'
const RELAY = 'not needed here: memory and copies are bounded by back-pressure'
const TIMES = 'the site’s own timer ends who says nothing; limits.idle ends idle sessions'
const PERIODS = 'portico has its own times for this'

const userOf = ({ path }: At) => String(path[1])
const MODES = ['tls', 'secure', 'classic'] as const

const modes: Rule = (value, { draft }) => {
  const listed = asTexts(value)
  const on = (name: string) =>
    listed === undefined ? isTable(value) && value[name] === true : listed.includes(name)
  draft.modes = MODES.filter(on)
  return draft.modes.length > 0 ? carried('listener.*.modes') : dropped('no mode is left')
}

function onlyMode(name: (typeof MODES)[number], others: readonly string[]): Rule {
  return yesNo((on, { draft, get }) => {
    if (get('MODES') !== undefined) return dropped('MODES says it')
    if (on) draft.modes = others
    return carried('listener.*.modes', `only ${name}`)
  })
}

/** `31/12/2027`, the beginning of that day. */
const expires: Rule = text((value, at) => {
  const [, day = '', month = '', year = ''] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(value.trim()) ?? []
  const instant = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T00:00:00Z`
  const parsed = new Date(instant)
  if (Number.isNaN(parsed.getTime()) || parsed.getUTCDate() !== Number(day))
    return dropped('not a day such as 31/12/2027')
  return at.draft.putUser(userOf(at), 'expires', instant, 'at the beginning of that day in UTC')
})

const maskPlace = (get: At['get']) =>
  hostPort(asText(get('MASK_HOST')) ?? asText(get('TLS_DOMAIN')) ?? DOMAIN, asNumber(get('MASK_PORT')) ?? 443)

const listenV4: Rule = text((ip, { draft, get }) => {
  if (ip === '') return dropped('it is switched off')
  draft.addListener(hostPort(ip, asNumber(get('PORT')) ?? PORT))
  return carried('listen')
})

const metricsHost = ({ get }: At) => asText(get('METRICS_LISTEN_ADDR_IPV4'))

const RULES: Rules = {
  'USERS.*': text((secret, at) => at.draft.addUser(userOf(at), secret)),
  TLS_DOMAIN: text((name, { draft, get }) => draft.addSite(name, maskPlace(get))),
  MASK: yesNo((on) => (on ? carried('front') : changed('strangers always see the site here', 'front'))),
  MASK_HOST: (_value, { draft }) =>
    draft.domains.length > 0
      ? carried('front.address')
      : changed('with the name that is its default', 'front.address'),
  MASK_PORT: (_value, { draft }) =>
    draft.domains.length > 0
      ? carried('front.address')
      : changed('with the name that is its default', 'front.address'),
  MODES: modes,
  TLS_ONLY: onlyMode('tls', ['tls']),
  SECURE_ONLY: onlyMode('secure', ['tls', 'secure']),
  LISTEN_ADDR_IPV4: listenV4,
  LISTEN_ADDR_IPV6: listenV4,
  LISTEN_UNIX_SOCK: text((path, { draft }) => {
    if (path === '') return dropped('it is switched off')
    draft.addListener(`unix:${draft.fileOf(path)}`)
    return carried('listener.*.address')
  }),
  PORT: number((port, { draft }) => {
    if (draft.listeners === 0) draft.addListener(hostPort('0.0.0.0', port))
    return carried('listen')
  }),
  PROXY_PROTOCOL: yesNo((on, { draft }) => {
    if (!on) return carried('listener.*.proxy_protocol')
    const how = 'everybody’s header is believed, as before: name the networks of your balancer in "from"'
    return draft.putListeners('proxy_protocol', { from: ['0.0.0.0/0', '::/0'] }, how)
  }),
  MY_DOMAIN: text((host, { draft }) =>
    host === '' ? dropped('it is empty') : draft.put('public_host', host),
  ),
  AD_TAG: text((tag, { draft }) => (tag === '' ? dropped('it is empty') : draft.put('telegram.ad_tag', tag))),
  USE_MIDDLE_PROXY: yesNo((on, { draft }) => draft.put('telegram.via', on ? 'middle' : 'direct')),
  PREFER_IPV6: yesNo((on, { draft }) => draft.put('telegram.prefer', on ? 'ipv6' : 'ipv4')),
  FAST_MODE: 'not needed here: direct sessions are never decrypted downstream',
  SOCKS5_HOST: text((host, { draft, get }) => {
    const [user, password] = [asText(get('SOCKS5_USER')), asText(get('SOCKS5_PASS'))]
    const credentials =
      user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}@`
    const url = `socks5://${credentials}${hostPort(host, asNumber(get('SOCKS5_PORT')) ?? 1080)}`
    return draft.add('upstream', { name: 'socks5', url })
  }),
  'SOCKS5_*': (_value, { draft }) =>
    draft.has('upstream') ? carried('upstream.0.url') : dropped('there is no SOCKS5_HOST'),
  'USER_MAX_TCP_CONNS.*': number((most, at) =>
    most === 0 ? dropped('0 means no limit') : at.draft.putUser(userOf(at), 'sessions', most),
  ),
  'USER_EXPIRATIONS.*': expires,
  'USER_DATA_QUOTA.*': number((bytes, at) =>
    bytes === 0
      ? dropped('0 means no quota')
      : at.draft.putUser(
          userOf(at),
          'quota',
          { bytes: sizeOf(bytes), period: 'never' },
          'what was used so far is not counted',
        ),
  ),
  REPLAY_CHECK_LEN: 'not needed here: the memory of replays is exact and sized by itself',
  IGNORE_TIME_SKEW: yesNo((on, { draft }) =>
    on ? draft.put('front.clock_skew', '1d', 'a day is the most') : carried('front.clock_skew'),
  ),
  METRICS_PORT: number((port, at) => {
    const how = 'the names of the metrics are portico’s'
    const host = metricsHost(at)
    return at.draft.put('metrics.listen', host === undefined ? String(port) : hostPort(host, port), how)
  }),
  METRICS_WHITELIST: texts((networks, { draft }) => draft.put('metrics.allow', networks)),
  'METRICS_LISTEN_ADDR_*': (_value, { draft }) =>
    draft.has('metrics.listen') ? carried('metrics.listen') : dropped('there is no METRICS_PORT'),
  METRICS_PREFIX: 'the names of the metrics are portico’s',
  METRICS_EXPORT_LINKS: 'links hold secrets: portico link prints them, metrics never do',
  TG_CONNECT_TIMEOUT: number((seconds, { draft }) => draft.put('telegram.dial_timeout', `${seconds}s`)),
  TG_READ_TIMEOUT: TIMES,
  CLIENT_KEEPALIVE: 'the runtime’s own keep-alive is used',
  CLIENT_HANDSHAKE_TIMEOUT: TIMES,
  CLIENT_ACK_TIMEOUT: TIMES,
  'TO_CLT_*': RELAY,
  'TO_TG_*': RELAY,
  'PROXY_INFO_*': PERIODS,
  'STATS_*': PERIODS,
  'GET_*': PERIODS,
  'BLOCK_*': PERIODS,
  REPLAY_CHECK_PERIOD: PERIODS,
}

export const mtprotoproxy: Peer = {
  kind: 'mtprotoproxy',
  rules: RULES,
  defaults(source: Table, draft: Draft): ReportLine[] {
    const lines: ReportLine[] = []
    if (draft.listeners === 0) {
      draft.addListener(hostPort('0.0.0.0', PORT))
      lines.push({ key: 'PORT', ...changed('not said: its default', 'listen') })
    }
    if (draft.domains.length === 0) {
      draft.addSite(
        DOMAIN,
        maskPlace((path) => valueAt(source, typeof path === 'string' ? [path] : path)),
      )
      lines.push({
        key: 'TLS_DOMAIN',
        ...changed('not said: its default, which is in the links', 'front.domain'),
      })
    }
    if (['MODES', 'TLS_ONLY', 'SECURE_ONLY'].every((key) => valueAt(source, [key]) === undefined)) {
      draft.modes = MODES
      lines.push({
        key: 'MODES',
        ...changed('not said: all modes, so that every old link works', 'listener.*.modes'),
      })
    }
    return lines
  },
}
