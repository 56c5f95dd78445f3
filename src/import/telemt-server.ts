import type { Table } from '../config/toml.ts'
import { type At, isTable, type Rule, type Rules } from './rules.ts'
import { asNumber, asText, asTexts, hostPort, number, text, texts, yesNo } from './values.ts'
import { carried, changed, dropped, type Verdict } from './verdict.ts'

const MSS = 'the runtime cannot set the segment size of a listener: a rule of the firewall can (TCPMSS)'
const FIREWALL = 'portico does not change the firewall'
const API = 'another API: control.* and its own tokens'

const portOf = ({ get }: At) => asNumber(get('server.port')) ?? 443
const tables = ({ get }: At): Table[] => [get('server.listeners') ?? []].flat().filter(isTable)

/** TCP is off beside a unix socket unless it is asked for. */
function withTcp({ get }: At): boolean {
  const said = get('server.listen_tcp')
  return typeof said === 'boolean' ? said : get('server.listen_unix_sock') === undefined
}

/** Without [[server.listeners]]: the two addresses (telemt's default is 0.0.0.0, and :: where IPv6 is on). */
const listen: Rule = (_value, at) => {
  if (tables(at).length > 0) return changed('each listener says its own', 'listener.*.address')
  if (!withTcp(at)) return dropped('TCP is switched off')
  openPlain(at)
  return carried('listener.*.address')
}

/** Once: whichever of the keys comes first. */
export function openPlain(at: At): void {
  if (at.draft.listeners > 0 || tables(at).length > 0 || !withTcp(at)) return
  at.draft.addListener(hostPort(asText(at.get('server.listen_addr_ipv4')) ?? '0.0.0.0', portOf(at)))
  const second = asText(at.get('server.listen_addr_ipv6'))
  if (second !== undefined || at.get('network.ipv6') === true)
    at.draft.addListener(hostPort(second ?? '::', portOf(at)))
}

/** Links lead to the first listener, which therefore is no socket where there is another. */
const unixSocket: Rule = text((path, at) => {
  openPlain(at)
  at.draft.addListener(`unix:${at.draft.fileOf(path)}`)
  return carried(`listener.${at.draft.listeners - 1}.address`)
})

const listenerAddress: Rule = text((ip, at) => {
  const own = asNumber(at.get([...at.path.slice(0, -1), 'port']))
  at.draft.addListener(hostPort(ip, own ?? portOf(at)))
  return carried(`listener.${at.draft.listeners - 1}.address`)
})

const listenerIndex = ({ path }: At) => Number(path[2])

/** In links, unless they name one host for all. */
function announced(host: string, at: At): Verdict {
  return at.get('general.links.public_host') === undefined
    ? at.draft.putListener(listenerIndex(at), 'public_host', host)
    : dropped('general.links.public_host is in the links')
}

function trusted(at: At): Table {
  const from = asTexts(at.get('server.proxy_protocol_trusted_cidrs'))
  const wait = asNumber(at.get('server.proxy_protocol_header_timeout_ms'))
  return {
    from: from ?? ['0.0.0.0/0', '::/0'],
    ...(wait === undefined ? {} : { timeout: `${Math.max(wait, 100)}ms` }),
  }
}

const OPEN = 'everybody’s header is believed, as before: name the networks of your balancer in "from"'

function proxyProtocol(put: (value: Table, how: string | undefined, at: At) => Verdict): Rule {
  return yesNo((on, at) => {
    const how = at.get('server.proxy_protocol_trusted_cidrs') === undefined ? OPEN : undefined
    return on ? put(trusted(at), how, at) : carried('listener.*.proxy_protocol')
  })
}

const hasHeaders = (at: At) =>
  at.get('server.proxy_protocol') === true || tables(at).some((each) => each.proxy_protocol === true)
const partOfHeaders: Rule = (_value, at) =>
  hasHeaders(at) ? carried('listener.*.proxy_protocol') : dropped('there are no PROXY headers')

const METRICS = 'the names of the metrics are portico’s'

/** Listeners, metrics, API, time-outs. */
export const TELEMT_SERVER: Rules = {
  'server.port': listen,
  'server.listen_addr_ipv4': listen,
  'server.listen_addr_ipv6': listen,
  'server.listen_tcp': listen,
  'server.listeners.*.ip': listenerAddress,
  'server.listeners.*.port': (_value, at) => carried(`listener.${listenerIndex(at)}.address`),
  'server.listen_unix_sock': unixSocket,
  'server.listeners.*.announce': text(announced),
  'server.listeners.*.announce_ip': text((host, at) =>
    at.get([...at.path.slice(0, -1), 'announce']) === undefined
      ? announced(host, at)
      : dropped('announce says it'),
  ),
  'server.proxy_protocol': proxyProtocol((value, how, { draft }) =>
    draft.putListeners('proxy_protocol', value, how),
  ),
  'server.listeners.*.proxy_protocol': proxyProtocol((value, how, at) =>
    at.draft.putListener(listenerIndex(at), 'proxy_protocol', value, how),
  ),
  'server.proxy_protocol_header_timeout_ms': partOfHeaders,
  'server.proxy_protocol_trusted_cidrs': partOfHeaders,
  'server.listeners.*.reuse_allow': 'workers share a port by themselves; another instance on it is an error',
  'server.listeners.*.client_mss': MSS,
  'server.listeners.*.synlimit*': FIREWALL,
  'server.listen_unix_sock_perm': (value, at) => {
    const mode = typeof value === 'number' ? value.toString(8) : (asText(value) ?? '')
    return at.get('server.listen_unix_sock') === undefined
      ? dropped('there is no unix socket')
      : at.draft.putListener(at.draft.listeners - 1, 'permissions', mode.replace(/^0o?/, '').padStart(4, '0'))
  },
  'server.listen_backlog': number((backlog, { draft }) => draft.putListeners('backlog', backlog)),
  'server.client_mss': MSS,
  'server.client_mss_bulk': MSS,
  'server.metrics_listen': text((address, { draft }) => draft.put('metrics.listen', address, METRICS)),
  'server.metrics_port': number((port, { draft }) =>
    draft.has('metrics.listen')
      ? carried('metrics.listen')
      : draft.put('metrics.listen', String(port), METRICS),
  ),
  'server.metrics_whitelist': texts((networks, { draft }) => draft.put('metrics.allow', networks)),
  'server.max_connections': number((most, { draft }) =>
    most === 0
      ? dropped('0 means no limit')
      : draft.put(
          'limits.sessions',
          most,
          'visitors of the site do not count; who comes beyond it sees the site',
        ),
  ),
  'server.accept_permit_timeout_ms': 'who comes beyond the limit sees the site at once',
  'server.conntrack_control.*': FIREWALL,
  'server.api.enabled': yesNo((on, { draft }) => (on ? dropped(API) : draft.put('control.listen', ''))),
  'server.api.listen': text((address, { draft, get }) => {
    if (get('server.api.enabled') === false) return dropped('it is switched off')
    return draft.put('control.listen', address, 'another API, with its own paths')
  }),
  'server.api.whitelist': texts((networks, { draft }) => draft.put('control.allow', networks)),
  'server.api.read_only': yesNo((on, { draft }) => draft.put('control.read_only', on)),
  'server.api.auth_header': 'portico makes tokens of its own',
  'server.api.*': API,
  'timeouts.client_keepalive': 'the runtime’s own keep-alive is used',
  'timeouts.relay_client_idle_hard_secs': number((seconds, { draft }) =>
    draft.put('limits.idle', `${seconds}s`, 'without a byte in either direction'),
  ),
  'timeouts.*': 'the site’s own timer ends who says nothing; limits.idle ends idle sessions',
}
