import type { Table, Value } from '../config/toml.ts'
import type { Draft } from './draft.ts'
import type { Peer } from './peer.ts'
import { type Rule, type Rules, valueAt } from './rules.ts'
import { asNumber, asText, asTexts, hostPort, number, splitHostPort, text, texts } from './values.ts'
import { carried, changed, dropped, type ReportLine } from './verdict.ts'

/** An option by its long name, or by its letter where it has none. */
interface Option {
  readonly name: string
  readonly letter?: string
  readonly value: boolean
}

const OPTIONS: readonly Option[] = [
  { name: 'mtproto-secret', letter: 'S', value: true },
  { name: 'proxy-tag', letter: 'P', value: true },
  { name: 'domain', letter: 'D', value: true },
  { name: 'http-ports', letter: 'H', value: true },
  { name: 'port', letter: 'p', value: true },
  { name: 'max-special-connections', letter: 'C', value: true },
  { name: 'window-clamp', letter: 'W', value: true },
  { name: 'slaves', letter: 'M', value: true },
  { name: 'ping-interval', letter: 'T', value: true },
  { name: 'http-stats', value: false },
  { name: 'nat-info', value: true },
  { name: 'ipv6', letter: '6', value: false },
  { name: 'address', value: true },
  { name: 'user', letter: 'u', value: true },
  { name: 'connections', letter: 'c', value: true },
  { name: 'aes-pwd', value: true },
  { name: 'log', letter: 'l', value: true },
  { name: 'verbosity', letter: 'v', value: false },
  { name: 'daemonize', letter: 'd', value: false },
  { name: 'nice', letter: 'N', value: true },
  { name: 'backlog', letter: 'b', value: true },
]

/** The file of middle proxies, which comes last and has no name. */
const CONFIG_FILE = 'config-file'

/** The words behind the program as a tree of options; one that is given again makes a list. */
export function readOfficial(words: readonly string[]): Table {
  const tree: Table = Object.create(null)
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') continue
    if (word.startsWith('--')) readLong(word.slice(2), rest, tree)
    else if (word.startsWith('-') && word.length > 1) readShort(word.slice(1), rest, tree)
    else remember(tree, CONFIG_FILE, word)
  }
  return tree
}

function readLong(word: string, rest: string[], tree: Table): void {
  const [given = '', ...values] = word.split('=')
  const option = OPTIONS.find(({ name }) => name === given)
  if (option === undefined) return remember(tree, `--${given}`, values.length > 0 ? values.join('=') : true)
  if (!option.value) return remember(tree, option.name, true)
  remember(tree, option.name, values.length > 0 ? values.join('=') : (rest.shift() ?? ''))
}

/** As getopt does: `-p8888`, `-6v`, `-p 8888`. */
function readShort(letters: string, rest: string[], tree: Table): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? ''
    const option = OPTIONS.find((each) => each.letter === letter)
    if (option === undefined) remember(tree, `-${letter}`, true)
    else if (!option.value) remember(tree, option.name, true)
    else return remember(tree, option.name, letters.slice(at + 1) || (rest.shift() ?? ''))
  }
}

function remember(tree: Table, name: string, value: string | boolean): void {
  const known: Value | undefined = Object.hasOwn(tree, name) ? tree[name] : undefined
  tree[name] = known === undefined || value === true ? value : [known, value].flat()
}

const ports: Rule = texts((values, { draft, get }) => {
  const all = values.flatMap((each) => each.split(',')).filter((each) => each !== '')
  if (!all.every((each) => /^\d{1,5}$/.test(each))) return dropped('not a list of ports')
  const address = asText(get('address')) ?? (get('ipv6') === true ? '::' : '0.0.0.0')
  for (const port of all) draft.addListener(hostPort(address, port))
  if (get('ipv6') === true && asText(get('address')) === undefined)
    for (const port of all) draft.addListener(hostPort('0.0.0.0', port))
  return carried(all.length === 1 ? 'listen' : 'listener')
})

const secrets: Rule = texts((all, { draft }) => {
  const verdicts = all.map((secret, index) =>
    draft.addUser(`user${index + 1}`, secret.replace(/^dd(?=.{32}$)/i, '')),
  )
  const failed = verdicts.findIndex(({ outcome }) => outcome === 'not carried')
  if (failed < 0) return carried('users', all.length > 1 ? 'user1, user2 … in their order' : undefined)
  const { how } = verdicts[failed] ?? {}
  const what = `number ${failed + 1}: ${how}`
  return draft.userNames.length === 0 ? dropped(what) : changed(`without ${what}`, 'users')
})

const RULES: Rules = {
  'mtproto-secret': secrets,
  domain: texts((names, { draft }) => {
    const verdicts = names.map((name) => {
      const parts = splitHostPort(name)
      return parts === undefined
        ? dropped('not a name')
        : draft.addSite(parts.host, hostPort(parts.host, parts.port ?? 443))
    })
    return verdicts.find(({ outcome }) => outcome === 'not carried') ?? carried('front.domain')
  }),
  'http-ports': ports,
  address: (_value, { draft }) => (draft.listeners > 0 ? carried('listen') : dropped('there is no port')),
  ipv6: (_value, { draft }) => (draft.listeners > 0 ? carried('listen') : dropped('there is no port')),
  'proxy-tag': texts((tags, { draft }) => draft.put('telegram.ad_tag', tags.at(-1) ?? '')),
  port: number((port, { draft }) =>
    draft.put('metrics.listen', hostPort('127.0.0.1', port), 'Prometheus metrics with portico’s own names'),
  ),
  'http-stats': (_value, { draft }) =>
    draft.has('metrics.listen')
      ? changed('at /metrics', 'metrics.listen')
      : dropped('there is no port for statistics'),
  'max-special-connections': number((most, { draft }) =>
    draft.put('limits.sessions', most, 'for all workers together; visitors of the site do not count'),
  ),
  connections: number((most, { draft }) =>
    draft.has('limits.sessions')
      ? dropped('max-special-connections says it')
      : draft.put('limits.sessions', most, 'for all workers together; visitors of the site do not count'),
  ),
  slaves: number((count, { draft }) =>
    count === 0 ? carried('process.workers') : draft.put('process.workers', count),
  ),
  'nat-info': texts((pairs, { draft }) => {
    const addresses = pairs.map((pair) => /^[0-9.]+:([0-9.]+)$/.exec(pair)?.[1] ?? '')
    if (addresses.includes('')) return dropped('not LOCAL:PUBLIC')
    const put = draft.put('public_addresses', addresses)
    return put.outcome === 'not carried' ? put : draft.put('public_host', addresses[0] ?? '')
  }),
  'aes-pwd': text((path, { draft }) =>
    draft.put(
      'telegram.middle.secret_file',
      draft.fileOf(path),
      'remove the key, and portico downloads it and keeps it fresh',
    ),
  ),
  [CONFIG_FILE]: 'not needed here: the list of middle proxies is downloaded and kept fresh',
  log: text((path, { draft }) => draft.put('log.file', draft.fileOf(path), 'JSON lines')),
  backlog: number((backlog, { draft }) => draft.putListeners('backlog', backlog)),
  'window-clamp': 'the runtime cannot set it; memory is bounded by back-pressure',
  'ping-interval': 'connections to middle proxies are kept by their own measure',
  user: 'the service manager says who runs it (User= of systemd)',
  nice: 'the service manager says it (Nice= of systemd)',
  verbosity: 'log.level says it',
  daemonize: 'the service manager keeps it running',
}

export const official: Peer = {
  kind: 'official',
  rules: RULES,
  defaults(source: Table, draft: Draft): ReportLine[] {
    const lines: ReportLine[] = []
    if (draft.domains.length === 0) {
      draft.modes = ['secure', 'classic']
      const how = 'not said: clients speak the old modes, which are recognisable on the wire'
      lines.push({ key: 'domain', ...changed(how, 'listener.*.modes') })
    }
    if (
      asTexts(valueAt(source, ['http-ports'])) === undefined &&
      asNumber(valueAt(source, ['http-ports'])) === undefined
    )
      lines.push({ key: 'http-ports', ...changed('not said: portico’s own port 443', 'listen') })
    draft.put('telegram.via', 'middle')
    const how =
      'it always goes by middle proxies; here to the data centre while none answers (telegram.fallback)'
    return [...lines, { key: CONFIG_FILE, ...changed(how, 'telegram.via') }]
  },
}
