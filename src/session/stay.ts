import type { Refusal } from '../access/admission.ts'
import type { FrontReason, HandshakeResult, Mode } from '../telemetry/catalogue.ts'
import type { House, Visitor } from './house.ts'
import type { KnownSite } from './known-site.ts'
import { probeClass } from './probe-class.ts'
import type { Tee } from './tee.ts'
import type { FirstDataResult, FlightResult, NotOursCode } from './tee-results.ts'

type CodeOf<Result, State> = Extract<Result, { state: State }> extends { code: infer Code } ? Code : never

/** `no_profile`: a recorded flight was asked for, and none is known that fits the hello. */
export type NoAnswerCode = CodeOf<FlightResult, 'none'> | 'no_profile'

/** Why a connection stays with the front, and at which step of the walk that was known. */
export type Stay =
  | { at: 'accept'; code: 'listed' }
  | { at: 'hello'; code: NotOursCode | 'loop' }
  | ({ at: 'authenticate'; code: 'not_searchable' | 'bad_digest' | 'unauthenticated' } & UnknownName)
  | ({ at: 'admit'; code: 'clock' | 'replay' | Refusal; user: string } & UnknownName)
  | { at: 'answer'; code: NoAnswerCode }
  | { at: 'first-data'; code: CodeOf<FirstDataResult, 'none'> }
  | { at: 'route'; code: 'unknown_dc' | 'no_road' | 'client_gone' | 'listed'; mode: Mode }

interface UnknownName {
  /** The site that has this connection, because the name in the hello is no site's. */
  readonly unknownNameAt?: KnownSite
}

/** unrecognized_name (RFC 6066 §3), fatal. */
const UNRECOGNIZED_NAME = Buffer.from('15030300020270', 'hex')

/** Leaves the connection to the front for good, and counts why. */
export function stay(why: Stay, tee: Tee, visitor: Visitor, house: House): void {
  const { counters } = house
  if (why.code === 'loop') {
    tee.refuse()
    return
  }
  counters.frontConnectionsTotal.add(1, frontReason(why))
  const handshake = handshakeResult(why)
  if (handshake) counters.handshakes.add(1, handshake)
  if (why.at === 'hello' || why.at === 'authenticate') {
    counters.probes.add(1, why.code === 'bad_digest' ? why.code : probeClass(tee.firstBytes))
    if (why.code === 'unauthenticated') counters.refused.add(1, why.code)
    else house.noticed('no_valid_secret')
  }
  if (why.at === 'admit') {
    countRefusal(why.code, house)
    house.refused(why.user, why.code, visitor)
  }
  if (why.at === 'answer') counters.frontUnmirrorable.add(1, unmirrorable(why.code))
  if (why.at === 'first-data') counters.firstData.add(1, firstData(why.code))
  if (why.at === 'route' && why.code !== 'client_gone' && why.code !== 'listed') {
    counters.sessionsTotal.add(1, why.mode, why.code)
    if (why.code === 'no_road') house.noticed('unreachable')
  }
  const user = why.at === 'admit' ? { user: why.user } : {}
  const { at: step, code } = why
  const policy = house.settings.unknownName
  if (policy !== 'front' && 'unknownNameAt' in why && why.unknownNameAt) {
    house.log.debug('turned away for its name', { step, code, ...user, address: visitor.shownAddress })
    return tee.turnAway(policy === 'reject' ? alertOf(why.unknownNameAt) : undefined)
  }
  house.log.debug('left to the front', { step, code, ...user, address: visitor.shownAddress })
  tee.splice()
}

/** The front's own words to such a name, where it refuses one. */
function alertOf({ profile }: KnownSite): Buffer {
  const says = profile?.manners?.toUnknownName?.says ?? []
  const [type, payload] = says[0] ?? []
  if (type === undefined || typeof payload !== 'string') return UNRECOGNIZED_NAME
  const body = Buffer.from(payload, 'hex')
  return Buffer.concat([Buffer.from([type, 3, 3, body.length >> 8, body.length & 0xff]), body])
}

function countRefusal(code: Extract<Stay, { at: 'admit' }>['code'], { counters }: House): void {
  if (code === 'replay') {
    counters.replays.add(1)
    counters.probes.add(1, 'replay')
  } else if (code === 'clock') counters.probes.add(1, 'clock')
  else counters.refused.add(1, code)
}

function handshakeResult(why: Stay): HandshakeResult | undefined {
  switch (why.at) {
    case 'hello':
      return ofHello(why.code)
    case 'authenticate':
      return why.unknownNameAt && why.code !== 'unauthenticated' ? 'unknown_sni' : why.code
    case 'admit':
      if (why.code === 'clock' || why.code === 'replay') return why.code
      return `refused_${why.code}`
    case 'answer':
      return why.code === 'client_gone' ? 'client_gone' : 'unmirrorable'
    default:
      // Of one nothing was read; the others were counted as 'ok' when the answer left.
      return undefined
  }
}

function ofHello(code: NotOursCode | 'loop'): HandshakeResult {
  switch (code) {
    case 'client_end':
    case 'client_gone':
      return 'client_gone'
    case 'too_long':
    case 'front_down':
    case 'unauthenticated':
      return code
    default:
      return 'not_tls'
  }
}

function frontReason(why: Stay): FrontReason {
  switch (why.at) {
    case 'accept':
      return 'refused'
    case 'hello':
      return why.code === 'not_tls' || why.code === 'malformed' ? 'not_tls' : 'other'
    case 'authenticate':
      if (why.code === 'unauthenticated') return 'other'
      return why.unknownNameAt ? 'unknown_sni' : 'bad_digest'
    case 'admit':
      return why.code === 'clock' || why.code === 'replay' ? why.code : 'refused'
    case 'answer':
      return 'unmirrorable'
    case 'first-data':
      return 'first_data'
    case 'route':
      return why.code === 'listed' ? 'refused' : 'no_road'
  }
}

/** The label of what kept a flight from being mirrored. */
export function unmirrorable(code: NoAnswerCode) {
  if (code === 'front_ended') return 'ended'
  if (code === 'front_silent') return 'silent'
  return code === 'early_data' || code === 'client_gone' ? 'other' : code
}

function firstData(code: Extract<Stay, { at: 'first-data' }>['code']) {
  if (code === 'junk' || code === 'front_spoke') return 'junk'
  return code === 'front_ended' ? code : 'end'
}
