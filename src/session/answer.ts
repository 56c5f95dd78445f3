import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { composeFlight } from '../protocol/tls/recorded-flight.ts'
import { readServerFlight, sealFlight } from '../protocol/tls/server-flight.ts'
import type { House, Visitor } from './house.ts'
import type { KnownSite } from './known-site.ts'
import { type Stay, unmirrorable } from './stay.ts'
import type { Tee } from './tee.ts'
import type { FlightResult } from './tee-results.ts'

/** How long a front may be silent before a recorded flight answers for it: beyond what a site under load takes. */
const FRONT_PATIENCE = 2000

interface Asked {
  readonly hello: ClientHello
  readonly site: KnownSite
  /** Makes the digest that this client expects. */
  readonly key: Uint8Array
}

/**
 * The flight that this hello gets, in one write: the front's own, or one that it sent to such a hello before. Behind the
 * latter a stand-in has the front's place. Returned: neither can be had, and the connection stays the front's.
 */
export async function answer(
  asked: Asked,
  tee: Tee,
  visitor: Visitor,
  house: House,
): Promise<Stay | undefined> {
  const { hello, site, key } = asked
  if (house.settings.answer === 'profile') {
    if (tee.early) return { at: 'answer', code: 'early_data' }
    if (tee.clientGone) return { at: 'answer', code: 'client_gone' }
    return answerRecorded(asked, tee, visitor, house) ? undefined : { at: 'answer', code: 'no_profile' }
  }
  const mayImitate = house.settings.answer === 'auto' && site.profile !== undefined
  const patience = mayImitate ? FRONT_PATIENCE : Number.POSITIVE_INFINITY
  const result = await tee.flight(site.expectedRecords(hello), patience)
  if (result.state === 'flight') {
    tee.answer(sealFlight(result.bytes, result.flight, key, hello.random, house.random))
    const records = result.flight.encrypted.length
    if (!site.isUsual(hello)) house.otherAnswer(site)
    if (site.saw(hello, records)) house.counters.frontFlightMismatch.add(1)
    if (records > 1) house.counters.frontMerged.add(1)
    count(records > 1 ? 'merged' : 'mirror', visitor, house)
    return undefined
  }
  const { code } = result
  if (!isClients(code) && !site.isUsual(hello, code)) house.otherAnswer(site)
  if (!mayImitate || isClients(code) || !answerRecorded(asked, tee, visitor, house))
    return { at: 'answer', code }
  house.counters.frontUnmirrorable.add(1, unmirrorable(code))
  return undefined
}

/** No fault of the front's. */
function isClients(code: Extract<FlightResult, { state: 'none' }>['code']): boolean {
  return code === 'client_gone' || code === 'early_data'
}

/** False: no flight is known that fits this hello. */
function answerRecorded({ hello, site, key }: Asked, tee: Tee, visitor: Visitor, house: House): boolean {
  const recorded = site.drawFlight(hello, house.random)
  const bytes = recorded && composeFlight(recorded, hello, house.random)
  const reading = bytes && readServerFlight(bytes, recorded.records.length)
  if (reading?.state !== 'complete') return false
  tee.answerWithout(sealFlight(bytes!, reading.flight, key, hello.random, house.random), (handler) =>
    house.imitateFront(site, handler, visitor),
  )
  count('profile', visitor, house)
  return true
}

function count(flight: 'mirror' | 'merged' | 'profile', visitor: Visitor, house: House): void {
  const { counters } = house
  counters.handshakes.add(1, 'ok')
  counters.answers.add(1, flight)
  counters.handshakeSeconds.observe((house.now() - visitor.acceptedAt) / 1000)
}
