import { type CoarseClock, readCoarseClock, type WatchedSilence } from './coarse-clock.ts'

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
  /** The alert by which it refuses a hello with a name that is not its own; absent where it refuses none. */
  readonly toUnknownName?: Reaction | undefined
  /** ChangeCipherSpec records that it takes. */
  readonly ccsTaken: number
  /** Bytes from the offending record on that it reads at once: where more are here, what it leaves unread makes its close a reset. */
  readonly takes: number
  /** After so many milliseconds from the accept it ends a silent client; several measurements. Empty: it was not seen to. */
  readonly silences: readonly number[]
  /** It was watched for as long as we watch, and bore the silence. */
  readonly endures?: boolean | undefined
  /** How it does so; `end: 'open'` while that was not seen. */
  readonly silence: Reaction
  /** That of all its connections, where each silence ends with it; absent where each has a timer of its own. */
  readonly clock?: CoarseClock | undefined
}

/** How a front ended a client that said nothing, and when, by the clock of whoever watched. */
export interface EndedSilence extends WatchedSilence {
  readonly silence: Reaction
}

/** How long a front's silence is watched, milliseconds; nginx ends its own after 60 s, Go's after minutes or never. */
export const LONGEST_SILENCE = 180_000
const SILENCES_KEPT = 8
/** BoringSSL takes 32 (kMaxEmptyRecords), as OpenSSL does; we read no further ourselves. */
export const MOST_CCS = 32
/** Bytes of all that a front says to an offence. */
export const MAX_SAID = 4096
const MOST_SAYINGS = 16
/** What a server reads at once: at most a full record or some more. */
export const MOST_TAKEN = 65_536

/** nginx's patience, for a front whose own is not known. */
export const USUAL_SILENCE = 60_000

/** It says nothing, and does not end. */
export const ENDURES: Reaction = { atHeader: false, says: [], end: 'open' }

export function withSilence(before: Manners, { began, ended, silence }: EndedSilence): Manners {
  return {
    ...before,
    endures: undefined,
    silences: [...before.silences, Math.round(ended - began)].slice(-SILENCES_KEPT),
    silence,
  }
}

/** How the front would part from somebody who says nothing: for whoever cannot ask it. Milliseconds from the accept. */
export function withoutFront(manners: Manners | undefined): { patience: number; end: 'fin' | 'reset' } {
  const { silences = [], endures, silence } = manners ?? {}
  const patience = silences.at(-1) ?? (endures ? LONGEST_SILENCE : USUAL_SILENCE)
  return { patience, end: silence?.end === 'reset' ? 'reset' : 'fin' }
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
    endures: value.endures === true ? true : undefined,
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
    if (!Array.isArray(each) || says.length === MOST_SAYINGS) return undefined
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
