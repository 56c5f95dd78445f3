import { readName, writeName } from './domain-name.ts'

/**
 * Questions for the addresses of a name, and what comes back (RFC 1035 §4, RFC 3596, EDNS(0) of RFC 6891).
 *
 *   header   id 2 · flags 2 · counts of questions, answers, authorities, additional 2 each
 *   question name · type 2 · class 2
 *   record   name · type 2 · class 2 · TTL 4 · length 2 · data
 */
const HEADER_SIZE = 12
const RECORD_FIELDS = 10

const RESPONSE = 0x8000
const OPCODE = 0x7800
const TRUNCATED = 0x0200
const RECURSION_DESIRED = 0x0100
const RCODE = 0x000f
const NO_SUCH_NAME = 3

export const TYPES = { A: 1, AAAA: 28 } as const
export type AddressType = keyof typeof TYPES
const CNAME = 5
const SOA = 6
const OPT = 41
const IN = 1

/** What passes everywhere in one piece (DNS flag day 2020). */
const UDP_PAYLOAD = 1232
const PADDING = 12
/** RFC 8467 §4.1: questions are padded to a multiple of this where their length would tell the name. */
const PADDED_TO = 128

/** More records are no answer to our question. */
const MAX_RECORDS = 256
const MAX_ADDRESSES = 64
const MAX_CNAMES = 16
/** RFC 2181 §8: a TTL with its upper bit set counts as 0. */
const MAX_TTL = 0x7fff_ffff

export interface Question {
  /** 16 bits. */
  readonly id: number
  readonly name: string
  readonly type: AddressType
}

export type Answer =
  | { readonly state: 'addresses'; readonly addresses: readonly string[]; readonly ttl: number }
  /** No such name, or none of that family. `ttl`: how long that may be believed, where somebody says so. */
  | { readonly state: 'none'; readonly ttl: number | undefined }
  | { readonly state: 'truncated' }
  /** The server's own word: SERVFAIL, REFUSED and the like. */
  | { readonly state: 'refused'; readonly rcode: number }
  | { readonly state: 'bad'; readonly code: 'malformed' | 'not_ours' }

/** Undefined: no such name can be asked for. @param padded where the connection is encrypted */
export function writeQuestion({ id, name, type }: Question, padded = false): Buffer | undefined {
  const wireName = writeName(name)
  if (wireName === undefined) return undefined
  const header = words(id, RECURSION_DESIRED, 1, 0, 0, 1)
  const question = Buffer.concat([wireName, words(TYPES[type], IN)])
  // The root's name, OPT, what fits, no extended flags, the length of the options.
  const optionsAt = header.length + question.length + 11
  const padding = padded ? (PADDED_TO - ((optionsAt + 4) % PADDED_TO)) % PADDED_TO : 0
  const options = padded ? Buffer.concat([words(PADDING, padding), Buffer.alloc(padding)]) : Buffer.alloc(0)
  const opt = Buffer.concat([Buffer.of(0), words(OPT, UDP_PAYLOAD, 0, 0, options.length), options])
  return Buffer.concat([header, question, opt])
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
  return bytes
}

interface ResourceRecord {
  readonly name: string
  readonly type: number
  readonly ttl: number
  readonly dataAt: number
  readonly size: number
}

const MALFORMED = { state: 'bad', code: 'malformed' } as const
const NOT_OURS = { state: 'bad', code: 'not_ours' } as const

/** What a message says to this question. Never throws, whatever the bytes. */
export function readAnswer(message: Buffer, question: Question): Answer {
  if (message.length < HEADER_SIZE) return MALFORMED
  const flags = message.readUInt16BE(2)
  if (message.readUInt16BE(0) !== question.id || (flags & (RESPONSE | OPCODE)) !== RESPONSE) return NOT_OURS
  const rcode = flags & RCODE
  const asked = readName(message, HEADER_SIZE)
  // Who refuses may leave the question out.
  if (message.readUInt16BE(4) === 0 && rcode !== 0) return { state: 'refused', rcode }
  if (message.readUInt16BE(4) !== 1 || !asked || asked.next + 4 > message.length) return MALFORMED
  const isOurs =
    asked.name === question.name.toLowerCase().replace(/\.$/, '') &&
    message.readUInt16BE(asked.next) === TYPES[question.type] &&
    message.readUInt16BE(asked.next + 2) === IN
  if (!isOurs) return NOT_OURS
  if ((flags & TRUNCATED) !== 0) return { state: 'truncated' }
  if (rcode !== 0 && rcode !== NO_SUCH_NAME) return { state: 'refused', rcode }
  const sections = readSections(message, asked.next + 4)
  return sections ? judge(message, asked.name, question.type, sections) : MALFORMED
}

interface Sections {
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
}

function readSections(message: Buffer, start: number): Sections | undefined {
  const answers = readRecords(message, start, message.readUInt16BE(6))
  const authorities = answers && readRecords(message, answers.next, message.readUInt16BE(8))
  return authorities && { answers: answers.records, authorities: authorities.records }
}

function readRecords(
  message: Buffer,
  start: number,
  count: number,
): { records: ResourceRecord[]; next: number } | undefined {
  if (count > MAX_RECORDS) return undefined
  const records: ResourceRecord[] = []
  let at = start
  for (let index = 0; index < count; index++) {
    const name = readName(message, at)
    if (!name || name.next + RECORD_FIELDS > message.length) return undefined
    const dataAt = name.next + RECORD_FIELDS
    const size = message.readUInt16BE(name.next + 8)
    if (dataAt + size > message.length) return undefined
    const ttl = message.readUInt32BE(name.next + 4)
    const type = message.readUInt16BE(name.next)
    const isIn = message.readUInt16BE(name.next + 2) === IN
    if (isIn) records.push({ name: name.name, type, ttl: ttl > MAX_TTL ? 0 : ttl, dataAt, size })
    at = dataAt + size
  }
  return { records, next: at }
}

/** Follows the aliases from the name to its addresses. */
function judge(
  message: Buffer,
  asked: string,
  type: AddressType,
  { answers, authorities }: Sections,
): Answer {
  let name = asked
  let ttl = MAX_TTL
  for (let hops = 0; hops <= MAX_CNAMES; hops++) {
    const found = answers.filter((record) => record.name === name && record.type === TYPES[type])
    if (found.length > 0) {
      const addresses = found.map((record) => addressText(message, record, type))
      if (addresses.includes(undefined)) return MALFORMED
      ttl = found.reduce((least, record) => Math.min(least, record.ttl), ttl)
      const known = addresses.filter((address) => address !== undefined)
      return { state: 'addresses', addresses: [...new Set(known)].slice(0, MAX_ADDRESSES), ttl }
    }
    const alias = answers.find((record) => record.name === name && record.type === CNAME)
    if (!alias) return { state: 'none', ttl: negativeTtl(message, authorities) }
    const target = readName(message, alias.dataAt)
    if (!target || target.next !== alias.dataAt + alias.size) return MALFORMED
    ttl = Math.min(ttl, alias.ttl)
    name = target.name
  }
  return MALFORMED
}

/** RFC 2308 §5: the lesser of the SOA's own TTL and its last field. */
function negativeTtl(message: Buffer, authorities: readonly ResourceRecord[]): number | undefined {
  const soa = authorities.find(({ type, size }) => type === SOA && size >= 4)
  return soa && Math.min(soa.ttl, message.readUInt32BE(soa.dataAt + soa.size - 4))
}

function addressText(
  message: Buffer,
  { dataAt, size }: ResourceRecord,
  type: AddressType,
): string | undefined {
  if (size !== (type === 'A' ? 4 : 16)) return undefined
  const bytes = message.subarray(dataAt, dataAt + size)
  if (type === 'A') return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return compressed(groups)
}

/** RFC 5952 §4.2: the longest run of zeros, the first of equals, becomes `::`. */
function compressed(groups: readonly string[]): string {
  let [best, length] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > length) [best, length] = [start, end - start]
  }
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`
}
