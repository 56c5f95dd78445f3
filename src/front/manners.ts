import type { Conversation, Turn } from '../net/converse.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { type CoarseClock, readCoarseClock, type WatchedSilence } from './coarse-clock.ts'
import { usualSilence } from './learn.ts'
import type { Site } from './site.ts'
import { nameToAsk } from './sites.ts'

/** What a client may do wrong in place of its Finished message. */
export const OFFENCES = [
  'junk',
  'short',
  'empty',
  'too_long',
  'far_too_long',
  'version',
  'handshake',
  'alert',
  'unknown_type',
  'noise',
  'long_noise',
  'bad_ccs',
  'many_ccs',
  'fin',
] as const
export type Offence = (typeof OFFENCES)[number]

/** What a front says then, and how it ends. */
export interface Reaction {
  /** True: to the header of the record already. */
  readonly atHeader: boolean
  /** Records: the type and, for encrypted ones, the size of the payload, else the payload in hex. */
  readonly says: readonly (readonly [type: number, payload: number | string])[]
  readonly end: End
}

type End = 'fin' | 'reset' | 'open'

/** How a front treats a client that does not finish the handshake, as measured. */
export interface Manners {
  readonly reactions: Partial<Record<Offence, Reaction>>
  /** To a hello with a name that it does not serve, if that is an alert; absent where such a name is answered as any other. */
  readonly toUnknownName?: Reaction | undefined
  /** ChangeCipherSpec records that it takes. */
  readonly ccsTaken: number
  /** Bytes from the offending record on that it reads at once: where more are here, what it leaves unread makes its close a reset. */
  readonly takes: number
  /** After so many milliseconds from the accept it ends a silent client; several measurements. Empty: it was not seen to. */
  readonly silences: readonly number[]
  /** How it does so; `end: 'open'` while that was not seen. */
  readonly silence: Reaction
  /** That of all its connections, where each silence ends with it; absent where each has a timer of its own. */
  readonly clock?: CoarseClock | undefined
}

/** How a front ended a client that said nothing, and when, by the clock that was handed in. */
export interface EndedSilence extends WatchedSilence {
  readonly silence: Reaction
}

export interface MannersDependencies {
  readonly converse: (to: Endpoint, turns: readonly Turn[], signal?: AbortSignal) => Promise<Conversation>
  readonly random: (n: number) => Buffer
  readonly signal: AbortSignal
  /** Milliseconds, monotonic. */
  readonly now: () => number
}

/** How long a front's silence is watched, milliseconds; nginx ends its own after 60 s, Go's after minutes or never. */
const LONGEST_SILENCE = 180_000
const SILENCES_KEPT = 8
/** BoringSSL takes 32 (kMaxEmptyRecords), as OpenSSL does; we read no further ourselves. */
const MOST_CCS = 32

const MAX_SAID = 4096
/** What a server reads at once: at most a full record or some more, in the steps that its buffers are told apart by. */
const MOST_TAKEN = 65_536
const TAKEN_STEP = 64

const ENDURES: Reaction = { atHeader: false, says: [], end: 'open' }

const ALERT = 0x15
const CCS = Buffer.from('140303000101', 'hex')

/** Header, and what stands behind it. */
function offending(offence: Offence, random: (n: number) => Buffer): readonly [Buffer, Buffer] {
  const hex = (text: string) => Buffer.from(text, 'hex')
  switch (offence) {
    case 'junk':
      return [hex('170303006c'), random(108)]
    case 'short':
      return [hex('1703030009'), random(9)]
    case 'empty':
      return [hex('1703030000'), hex('')]
    case 'too_long':
      return [hex('1703034101'), random(16_641)]
    case 'far_too_long':
      return [hex('170303ffff'), random(300)]
    case 'version':
      return [hex('1703010050'), random(80)]
    case 'handshake':
      return [hex('1603030050'), random(80)]
    case 'alert':
      return [hex('1503030002'), hex('0228')]
    case 'unknown_type':
      return [hex('1803030014'), random(20)]
    case 'noise':
      // As a header it announces 0x202f bytes, which some servers wait for.
      return [Buffer.from('GET /'), Buffer.alloc(0x202f, ' HTTP/1.1\r\n')]
    case 'long_noise':
      return [hex('ffffffffff'), random(300)]
    case 'bad_ccs':
      return [hex('1403030001'), hex('02')]
    case 'many_ccs':
      return [Buffer.alloc(6 * 33 + 5, CCS), hex('01')]
    case 'fin':
      return [hex(''), hex('')]
  }
}

/**
 * Plays every offence to a front, a connection each, after its first flight. Takes some seconds. Undefined where no
 * flight came. Of the silence nothing is known yet: `watchSilence`.
 */
export async function learnManners(
  site: Site,
  dependencies: MannersDependencies,
): Promise<Manners | undefined> {
  const { random, signal } = dependencies
  const reactions: Partial<Record<Offence, Reaction>> = {}
  for (const offence of OFFENCES) {
    if (signal.aborted) return undefined
    const [header, rest] = offending(offence, random)
    const quiet = usualSilence(site)
    const later = rest.length > 0 ? [{ bytes: rest, quiet }] : []
    const fin = offence === 'fin' ? { fin: true } : {}
    const seen = await afterFlight(site, [{ bytes: header, ...fin, quiet }, ...later], dependencies)
    if (!seen) return undefined
    const reaction = readReaction(seen)
    if (reaction) reactions[offence] = reaction
  }
  const ccsTaken = await countCcs(site, dependencies)
  const takes = await measureRead(site, dependencies)
  const toUnknownName = await learnUnknownName(site, dependencies)
  return { reactions, toUnknownName, ccsTaken, takes, silences: [], silence: ENDURES }
}

/** What it says to a name that nobody has (RFC 6761 §6.4). */
async function learnUnknownName(
  site: Site,
  { converse, random, signal }: MannersDependencies,
): Promise<Reaction | undefined> {
  const domain = `${random(6).toString('hex')}.invalid`
  const bytes = writeClientHello({ class: 'tdlib', domain }, random)
  const { heard, end } = await converse(site.endpoint, [{ bytes, quiet: usualSilence(site) }], signal)
  const says = readSaid(heard[0] ?? Buffer.alloc(0))
  if (says?.[0]?.[0] !== ALERT || end === 'refused') return undefined
  return { atHeader: false, says, end }
}

/** The largest number of CCS that brings no reaction, by halving. */
async function countCcs(site: Site, dependencies: MannersDependencies): Promise<number> {
  const quiet = usualSilence(site)
  let [taken, refused] = [0, MOST_CCS + 1]
  while (refused - taken > 1) {
    const count = Math.floor((taken + refused) / 2)
    const seen = await afterFlight(site, [{ bytes: Buffer.alloc(6 * count, CCS), quiet }], dependencies)
    if (!seen) return MOST_CCS
    if (seen.end === 'open' && seen.heard[1]?.length === 0) taken = count
    else refused = count
  }
  return taken
}

/** How many bytes may come together with a record of junk before the front's end is a reset, by halving. */
async function measureRead(site: Site, dependencies: MannersDependencies): Promise<number> {
  const { random } = dependencies
  const quiet = usualSilence(site)
  const [header, payload] = offending('junk', random)
  let [taken, refused] = [header.length + payload.length, MOST_TAKEN]
  while (refused - taken > TAKEN_STEP) {
    const count = Math.floor((taken + refused) / 2)
    const behind = random(count - header.length - payload.length)
    const bytes = Buffer.concat([header, payload, behind])
    const seen = await afterFlight(site, [{ bytes, quiet }], dependencies)
    if (seen?.end === 'fin' || seen?.end === 'open') taken = count
    else refused = count
  }
  return taken
}

/** Says nothing after the flight until the front ends that, once. Takes minutes where it has much patience; undefined where it has more. */
export async function watchSilence(
  site: Site,
  dependencies: MannersDependencies,
): Promise<EndedSilence | undefined> {
  const turn = { bytes: Buffer.alloc(0), quiet: LONGEST_SILENCE }
  const seen = await afterFlight(site, [turn], dependencies)
  const ended = dependencies.now()
  if (!seen || seen.end === 'open') return undefined
  const silence = readReaction({ ...seen, heard: seen.heard.slice(0, 2) })
  // Where it is gone, or just coming back, it was not its patience that ended.
  if (!silence || !(await afterFlight(site, [{ bytes: Buffer.alloc(0), quiet: 0 }], dependencies)))
    return undefined
  return { began: ended - seen.milliseconds, ended, silence }
}

export function withSilence(before: Manners, { began, ended, silence }: EndedSilence): Manners {
  return {
    ...before,
    silences: [...before.silences, Math.round(ended - began)].slice(-SILENCES_KEPT),
    silence,
  }
}

/** Undefined where no flight came, or the front ended with it. */
async function afterFlight(
  site: Site,
  turns: readonly Turn[],
  { converse, random, signal }: MannersDependencies,
): Promise<Conversation | undefined> {
  const hello = writeClientHello({ class: 'tdlib', domain: nameToAsk(site.domain) }, random)
  const seen = await converse(site.endpoint, [{ bytes: hello, quiet: usualSilence(site) }, ...turns], signal)
  return seen.heard.length > 1 && seen.heard[0]![0] === 0x16 ? seen : undefined
}

function readReaction({ heard, end }: Conversation): Reaction | undefined {
  const [, toHeader = Buffer.alloc(0), toRest = Buffer.alloc(0)] = heard
  const says = readSaid(Buffer.concat([toHeader, toRest]))
  if (!says || end === 'refused') return undefined
  // Where it ended without a second turn, it was the header that it ended for.
  const atHeader = toHeader.length > 0 || heard.length === 2
  return { atHeader, says, end }
}

/** Undefined for what is not whole records. */
function readSaid(bytes: Buffer): [number, number | string][] | undefined {
  if (bytes.length > MAX_SAID) return undefined
  const says: [number, number | string][] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) return undefined
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    if (end > bytes.length) return undefined
    const type = bytes[at]!
    says.push([type, type === 0x17 ? end - at - 5 : bytes.toString('hex', at + 5, end)])
    at = end
  }
  return says
}

/** Reads manners from what may be anything: a file can be damaged. */
export function readManners(value: unknown): Manners | undefined {
  if (!isObject(value) || !isObject(value.reactions)) return undefined
  const { ccsTaken, takes, silences } = value
  if (!isCount(ccsTaken, MOST_CCS) || !isCount(takes, MOST_TAKEN) || !Array.isArray(silences))
    return undefined
  if (!silences.every((each) => isCount(each, 10 * LONGEST_SILENCE))) return undefined
  const reactions: Partial<Record<Offence, Reaction>> = {}
  for (const offence of OFFENCES) {
    const reaction = readKeptReaction(value.reactions[offence])
    if (reaction) reactions[offence] = reaction
  }
  const silence = readKeptReaction(value.silence) ?? ENDURES
  const toUnknownName = readKeptReaction(value.toUnknownName)
  return {
    reactions,
    toUnknownName,
    ccsTaken,
    takes,
    silences: silences.map(Number).slice(-SILENCES_KEPT),
    silence,
    clock: readCoarseClock(value.clock),
  }
}

function readKeptReaction(value: unknown): Reaction | undefined {
  if (!isObject(value) || typeof value.atHeader !== 'boolean' || !Array.isArray(value.says)) return undefined
  const { atHeader, end } = value
  if (!isEnd(end)) return undefined
  const says: [number, number | string][] = []
  for (const each of value.says as unknown[]) {
    if (!Array.isArray(each) || says.length === 16) return undefined
    const [type, payload] = each as unknown[]
    const isHex = typeof payload === 'string' && payload.length <= MAX_SAID && /^[0-9a-f]*$/.test(payload)
    if (!isCount(type, 0xff) || !(isCount(payload, MAX_SAID) || isHex)) return undefined
    says.push([type, payload])
  }
  return { atHeader, says, end }
}

function isEnd(value: unknown): value is End {
  return value === 'fin' || value === 'reset' || value === 'open'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most
}
