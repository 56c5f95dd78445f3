import { addressBytes } from '../ip-address.ts'

/** The text is 2 KB; a hundred times that is no list of middle proxies. */
export const MAX_PROXY_CONFIG = 256 * 1024
const MAX_ADDRESSES = 4096
const SMALLEST_DC = -32_768
const LARGEST_DC = 32_767

/** `host` is an IP address in text form. */
export interface MiddleAddress {
  readonly host: string
  readonly port: number
}

export interface ProxyConfig {
  /** By data centre, in the order of the text; negative for media. */
  readonly proxies: ReadonlyMap<number, readonly MiddleAddress[]>
  /** The number to which others lead. */
  readonly defaultDc: number | undefined
}

export type ProxyConfigReading =
  | { ok: true; config: ProxyConfig }
  | { ok: false; code: 'too_long' | 'bad_statement' | 'too_many' | 'empty'; statement?: string }

const ENDPOINT = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|([0-9A-Fa-f:.]+)):(\d{1,5})$/
const OTHER_STATEMENTS = /^(?:proxy|timeout|min_connections|max_connections)[ \t]+\S+$/

/**
 * The text of getProxyConfig: statements that end with `;`, comments from `#` to the end of the line (MTProxy
 * mtproto-config.c). One statement that cannot be read makes the whole text void: half a list is worse than the last.
 */
export function readProxyConfig(text: string): ProxyConfigReading {
  if (text.length > MAX_PROXY_CONFIG) return { ok: false, code: 'too_long' }
  const proxies = new Map<number, MiddleAddress[]>()
  let defaultDc: number | undefined
  let count = 0
  const statements = text.replace(/#[^\n]*/g, '').split(';')
  // Nothing but blanks stands behind the last one.
  if (statements.at(-1)?.trim() !== '') return bad(statements.at(-1)!)
  for (const statement of statements.slice(0, -1)) {
    const trimmed = statement.trim()
    const [word, dcText, endpoint, ...more] = trimmed.split(/\s+/)
    const dc = dataCentre(dcText)
    if (word === 'proxy_for' && dc !== undefined && endpoint !== undefined && more.length === 0) {
      const address = readEndpoint(endpoint)
      if (!address) return bad(trimmed)
      if (++count > MAX_ADDRESSES) return { ok: false, code: 'too_many' }
      const list = proxies.get(dc)
      if (list) list.push(address)
      else proxies.set(dc, [address])
    } else if (word === 'default' && dc !== undefined && endpoint === undefined) defaultDc = dc
    else if (!OTHER_STATEMENTS.test(trimmed)) return bad(trimmed)
  }
  return proxies.size === 0 ? { ok: false, code: 'empty' } : { ok: true, config: { proxies, defaultDc } }
}

function bad(statement: string): ProxyConfigReading {
  return { ok: false, code: 'bad_statement', statement: statement.trim().slice(0, 100) }
}

function dataCentre(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,5}$/.test(text)) return undefined
  const dc = Number(text)
  return dc >= SMALLEST_DC && dc <= LARGEST_DC ? dc : undefined
}

function readEndpoint(text: string): MiddleAddress | undefined {
  const [, bracketed, ipv4, bare, portText] = ENDPOINT.exec(text) ?? []
  const host = bracketed ?? ipv4 ?? bare
  const port = Number(portText)
  if (host === undefined || port < 1 || port > 65_535) return undefined
  const bytes = addressBytes(host)
  if (bytes === undefined || (bracketed !== undefined && bytes.length !== 16)) return undefined
  return { host, port }
}

/** The counterpart of {@link readProxyConfig}. */
export function writeProxyConfig({ proxies, defaultDc }: ProxyConfig): string {
  const lines = defaultDc === undefined ? [] : [`default ${defaultDc};`]
  for (const [dc, addresses] of proxies) {
    for (const { host, port } of addresses) {
      lines.push(`proxy_for ${dc} ${host.includes(':') ? `[${host}]` : host}:${port};`)
    }
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** Bytes of the secret that a proxy may have (MTProxy net-crypto-aes.h). */
export const SHORTEST_SECRET = 32
export const LONGEST_SECRET = 256
