import { readToml, type Table } from '../config/toml.ts'
import { parseLink } from '../protocol/link.ts'
import { formatSecret, parseSecret } from '../protocol/secret.ts'
import { kindOfTree, looksLikePython } from './detect.ts'
import { readOfficial } from './official.ts'
import type { Kind } from './peer.ts'
import { readPython } from './python-literals.ts'
import type { ReportLine } from './verdict.ts'
import { officialWords, shellWords } from './words.ts'

/** An old configuration as a tree of keys. */
export interface Source {
  readonly kind: Kind
  readonly tree: Table
  /** What was noticed while it was read. */
  readonly lines: readonly ReportLine[]
}

export type SourceReading =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly problems: readonly string[] }

/** 100,000 users take about 10 MB. */
export const MAX_SOURCE = 64 * 1024 * 1024

/** Another file that the configuration names; undefined where it cannot be read. */
export type ReadOther = (path: string) => string | undefined

/**
 * Reads what somebody wants imported, of whatever kind; never throws for what stands in it.
 * @param from the kind, where its content does not tell
 */
export function readSource(given: string, from: Kind | undefined, read: ReadOther): SourceReading {
  if (given.length > MAX_SOURCE) return bad(`longer than ${MAX_SOURCE} characters`)
  if (given.includes('\0')) return bad('this is no text')
  const text = given.replace(/^\uFEFF/, '')
  const secret = secretAlone(text)
  if (secret !== undefined) return secret
  if (from === 'official') return fromCommand(text, true)
  if (from === 'mtprotoproxy' || (from === undefined && looksLikePython(text))) return fromPython(text)
  const command = from === undefined ? fromCommand(text, false) : undefined
  return command ?? fromToml(text, from, read)
}

/** A bare secret of mtg, or a whole link. */
function secretAlone(text: string): SourceReading | undefined {
  const word = text.trim()
  if (/\s/.test(word) || word === '') return undefined
  const link = parseLink(word)
  if (link.ok) {
    const { server, port, secret } = link.link
    if (secret.kind !== 'tls')
      return bad('a link without the name of a site (ee…): import the old proxy’s file')
    const tree = table({ secret: formatSecret(secret), 'bind-to': `0.0.0.0:${port}`, 'public-ipv4': server })
    return { ok: true, source: { kind: 'mtg', tree, lines: [] } }
  }
  const reading = parseSecret(word)
  if (!reading.ok) return undefined
  if (reading.secret.kind !== 'tls')
    return bad('a secret without the name of a site (ee…): "portico user set" takes 32 hexadecimal digits')
  return { ok: true, source: { kind: 'mtg', tree: table({ secret: word }), lines: [] } }
}

function fromCommand(text: string, isCertain: true): SourceReading
function fromCommand(text: string, isCertain: false): SourceReading | undefined
function fromCommand(text: string, isCertain: boolean): SourceReading | undefined {
  const words = officialWords(text) ?? (isCertain ? shellWords(text.trim()) : undefined)
  if (words === undefined) return isCertain ? bad('a quote is open') : undefined
  return { ok: true, source: { kind: 'official', tree: readOfficial(words), lines: [] } }
}

function fromPython(text: string): SourceReading {
  const { tree, computed, unset, problems } = readPython(text)
  if (problems.length > 0) return bad(...problems.map(({ line, message }) => `line ${line}: ${message}`))
  const because = (how: string) => (key: string) => ({ key, outcome: 'not carried' as const, how })
  const lines = [
    ...computed.map(because('not a literal, and nothing is executed: write its value')),
    ...unset.map(because('it is None')),
  ]
  return { ok: true, source: { kind: 'mtprotoproxy', tree, lines } }
}

function fromToml(text: string, from: Kind | undefined, read: ReadOther): SourceReading {
  const lines: ReportLine[] = []
  const whole = from === undefined || from === 'telemt' ? included(text, read, lines, 0) : text
  const { tree, problems } = readToml(whole)
  const kind = from ?? kindOfTree(tree)
  if (problems.length > 0 && kind !== undefined) {
    return bad(
      ...problems.map(
        ({ line, column, key, message }) =>
          `line ${line}:${column} ${key === '' ? '' : `${key}: `}${message}`,
      ),
    )
  }
  if (kind === undefined) {
    const isOurs = 'front' in tree && 'users' in tree
    return bad(
      isOurs
        ? 'this is a configuration of portico already'
        : 'neither mtg, mtg-multi, telemt, teleproxy, mtprotoproxy nor the official proxy; --from says which it is',
    )
  }
  return { ok: true, source: { kind, tree, lines } }
}

const DEEPEST_INCLUDE = 10

/** telemt puts the text of another file in the place of an include line, before it reads TOML. */
function included(text: string, read: ReadOther, lines: ReportLine[], depth: number): string {
  return text.replace(
    /^[ \t]*include[ \t]*=[ \t]*["']([^"'\n]+)["'][ \t]*(?:#.*)?$/gm,
    (line, path: string) => {
      const other = depth < DEEPEST_INCLUDE ? read(path) : undefined
      if (other === undefined || other.length > MAX_SOURCE) return line
      lines.push({ key: 'include', outcome: 'carried', how: `${path} was read with it` })
      return included(other, read, lines, depth + 1)
    },
  )
}

function table(entries: Table): Table {
  return Object.assign(Object.create(null) as Table, entries)
}

function bad(...problems: string[]): SourceReading {
  return { ok: false, problems }
}
