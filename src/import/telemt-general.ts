import type { Rule, Rules } from './rules.ts'
import { asNumber, asTexts, number, sizeOf, text, texts, yesNo } from './values.ts'
import { carried, changed, dropped } from './verdict.ts'

const UNUSED = 'telemt does not use it either'
const POOL = 'not needed here: portico keeps its connections to middle proxies by itself'
const RELAY = 'not needed here: memory and copies are bounded by back-pressure'
const CACHE = 'not needed here: the last good copy lies in the state folder'
const NOT_KEPT = 'there is no such file: portico_probes_total counts probes by class'
const STUN = 'telegram.middle.stun is a list of servers'

const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  verbose: 'debug',
  normal: 'info',
  silent: 'error',
  trace: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
}

const MODES = ['tls', 'secure', 'classic'] as const

/** tls is on unless it is said otherwise, the others are off (telemt general.modes). */
function mode(name: (typeof MODES)[number]): Rule {
  return yesNo((on, { draft }) => {
    draft.modes = MODES.filter((each) => (each === name ? on : draft.modes.includes(each)))
    return carried('listener.*.modes', on && name !== 'tls' ? 'recognisable on the wire' : undefined)
  })
}

const dataCentre: Rule = (value, { draft, path }) => {
  const centre = String(path[1])
  const addresses = asTexts(value)?.filter((each) => each !== '')
  if (!/^-?[1-9]\d{0,4}$/.test(centre) || addresses === undefined)
    return dropped('not a data centre and its addresses')
  if (addresses.length === 0) return dropped('it is empty')
  return draft.put(['telegram', 'data_centres', centre], addresses)
}

/** Top level, logging, general and network. */
export const TELEMT_GENERAL: Rules = {
  include: 'its file could not be read',
  show_link: 'portico shows links when you ask: portico link',
  'dc_overrides.*': dataCentre,
  default_dc: number((dc, { draft }) => draft.put('telegram.unknown_dc', dc)),

  'logging.destination': text((where) => {
    if (where === 'file') return carried('log.file')
    return changed('the log goes to standard output, for the service manager to keep', 'log')
  }),
  'logging.path': text((path, { draft, get }) =>
    get('logging.destination') === 'file'
      ? draft.put('log.file', draft.fileOf(path), 'JSON lines')
      : dropped('the log does not go to a file'),
  ),
  'logging.rotation': 'portico opens its log again at SIGHUP: let logrotate turn it',
  'logging.max_*': 'portico opens its log again at SIGHUP: let logrotate turn it',

  'general.modes.tls': mode('tls'),
  'general.modes.secure': mode('secure'),
  'general.modes.classic': mode('classic'),
  'general.links.show': 'portico shows links when you ask: portico link',
  'general.links.public_host': text((host, { draft }) => draft.put('public_host', host)),
  'general.links.public_port': number((port, { draft }) => {
    for (let index = 1; index < draft.listeners; index++) draft.putListener(index, 'public_port', port)
    return draft.put('public_port', port)
  }),
  'general.telemetry.core_enabled': 'counters are always on; metrics.listen serves them',
  'general.telemetry.user_enabled': yesNo((on, { draft }) => draft.put('metrics.per_user', on)),
  'general.telemetry.me_level': 'there are no levels of metrics',

  'general.use_middle_proxy': yesNo((on, { draft }) => draft.put('telegram.via', on ? 'middle' : 'direct')),
  'general.me2dc_fallback': yesNo((on, { draft }) => draft.put('telegram.fallback', on ? 'always' : 'never')),
  'general.me2dc_fast': POOL,
  'general.ad_tag': text((tag, { draft }) => draft.put('telegram.ad_tag', tag)),
  'general.middle_proxy_nat_ip': text((address, { draft }) => draft.add('public_addresses', address)),
  'general.middle_proxy_nat_probe': yesNo((on) => (on ? dropped(STUN) : carried('telegram.middle.stun'))),
  'general.middle_proxy_nat_stun*': STUN,
  'general.stun_nat_probe_concurrency': STUN,
  'general.proxy_secret_path': text((path, { draft }) =>
    dropped(
      `it is downloaded; for a fixed one: telegram.middle.secret_file = ${JSON.stringify(draft.fileOf(path))}`,
    ),
  ),
  'general.proxy_secret_url': text((url, { draft }) => draft.put('telegram.middle.secret_url', url)),
  'general.proxy_config_v4_url': text((url, { draft }) => draft.put('telegram.middle.config_url', url)),
  'general.proxy_config_v6_url': 'it is the URL of IPv4 with V6 behind it',
  'general.proxy_config_v4_cache_path': CACHE,
  'general.proxy_config_v6_cache_path': CACHE,
  'general.update_every': number((seconds, { draft }) =>
    seconds < 60
      ? draft.put('telegram.middle.refresh', '1m', 'a minute is the least')
      : draft.put('telegram.middle.refresh', `${seconds}s`),
  ),
  'general.max_client_frame': number((bytes, { draft }) => draft.put('limits.client_frame', sizeOf(bytes))),
  'general.tg_connect': number((seconds, { draft }) => draft.put('telegram.dial_timeout', `${seconds}s`)),
  'general.log_level': text((level, { draft }) => {
    const meant = LEVELS[level]
    return meant === undefined ? dropped('no such level') : draft.put('log.level', meant)
  }),
  'general.prefer_ipv6': yesNo((on, { draft }) => draft.put('telegram.prefer', on ? 'ipv6' : 'ipv4')),
  'general.fast_mode': 'not needed here: direct sessions are never decrypted downstream',
  'general.fast_mode_min_tls_record': UNUSED,
  'general.config_strict': 'unknown keys are always errors here',
  'general.data_path': 'portico’s own state lies in state.dir, beside its file',
  'general.quota_state_path': 'usage begins anew: portico keeps its own in the state folder',
  'general.unknown_dc_*': 'there is no such file: the log names unknown data centres',
  'general.disable_colors': 'colours are on terminals only; NO_COLOR is heeded',
  'general.rst_on_close': 'ends are passed through as they are: FIN as FIN, reset as reset',
  'general.desync_all_full': 'there is no such log',
  'general.beobachten*': NOT_KEPT,
  'general.crypto_pending_buffer': RELAY,
  'general.direct_relay_*': RELAY,
  'general.upstream_connect_*': 'the next upstream is tried within the same dial',
  'general.upstream_unhealthy_fail_threshold': 'an upstream’s health is watched by its own measure',
  'general.ntp_*': UNUSED,
  'general.auto_degradation_enabled': UNUSED,
  'general.degradation_min_unavailable_dc_groups': UNUSED,
  'general.stun_iface_mismatch_ignore': UNUSED,
  'general.hardswap': POOL,
  'general.rpc_proxy_req_every': POOL,
  'general.me_*': POOL,
  'general.middle_proxy_*': POOL,
  'general.proxy_*': POOL,

  'network.ipv4': yesNo((on, { get, draft }) =>
    on
      ? carried('telegram.prefer')
      : get('network.ipv6') === true
        ? draft.put('telegram.prefer', 'only-ipv6')
        : dropped('no family is left'),
  ),
  'network.ipv6': yesNo((on) =>
    carried('telegram.prefer', on ? undefined : 'a family that this host lacks is skipped'),
  ),
  'network.prefer': (value, { draft, get }) => {
    const family = asNumber(value)
    if (family !== 4 && family !== 6) return dropped('4 or 6')
    if (get('network.ipv4') === false) return carried('telegram.prefer')
    return draft.put('telegram.prefer', family === 6 ? 'ipv6' : 'ipv4')
  },
  'network.multipath': 'every address of a data centre is tried in turn',
  'network.stun_servers': texts((servers, { draft, get }) =>
    get('network.stun_use') === false
      ? dropped('it is switched off')
      : draft.put('telegram.middle.stun', servers),
  ),
  'network.stun_use': yesNo((on, { draft }) =>
    on && !draft.has('telegram.middle.stun') ? dropped(STUN) : carried('telegram.middle.stun'),
  ),
  'network.stun_tcp_fallback': 'public_addresses says what STUN cannot find',
  'network.http_ip_detect_urls': 'portico asks nobody for its address: public_addresses says it',
  'network.cache_public_ip_path': 'portico asks nobody for its address: public_addresses says it',
  'network.dns_overrides': texts((overrides, { draft }) => {
    const verdicts = overrides.map((each) => {
      const [, name, ip] = /^([^:]+):\d+:\[?([^\]]+)\]?$/.exec(each) ?? []
      if (name === undefined || ip === undefined)
        return dropped(`${JSON.stringify(each)} is not host:port:ip`)
      return draft.put(['dns', 'hosts', name], ip, 'for every port of the name')
    })
    return (
      verdicts.find(({ outcome }) => outcome === 'not carried') ??
      changed('for every port of the name', 'dns.hosts')
    )
  }),
}
