import { refusal } from '../access/admission.ts'
import type { Match } from '../access/search.ts'
import { makeDataCentreInit, openInit } from '../protocol/obfuscated2.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { clockVerdict } from '../protocol/tls/digest.ts'
import { sealFlight } from '../protocol/tls/server-flight.ts'
import { authenticate, remember } from './authenticate.ts'
import type { House, Visitor } from './house.ts'
import { type Stay, stay } from './stay.ts'
import type { Tee } from './tee.ts'

/**
 * The walk of one connection, from its first byte to the relay. Until the client has proved a secret, and then that it
 * speaks MTProto, the front has every byte and its answers are the client's; whoever fails a step stays with the front.
 */
export async function walk(tee: Tee, visitor: Visitor, house: House): Promise<void> {
  const why = await admit(tee, visitor, house)
  if (why) stay(why, tee, visitor, house)
}

/** Undefined: the session is being relayed. */
async function admit(tee: Tee, visitor: Visitor, house: House): Promise<Stay | undefined> {
  // Recognise: a whole ClientHello, or somebody for the front.
  const first = await tee.hello()
  if (first.state === 'not_ours') return { at: 'hello', code: first.code }
  const { hello } = first
  if (house.isOurOwn(hello.random)) return { at: 'hello', code: 'loop' }
  const { site, known } = house.sites(hello.serverName)
  if (house.leadsBack(site)) return { at: 'hello', code: 'loop' }
  if (site !== house.sites(undefined).site) tee.moveTo((handler) => house.dialFront(site, handler))

  // Authenticate: a hello names nobody.
  const found = await authenticate(hello, known || hello.serverName === undefined, visitor, tee, house)
  if (found.state === 'stranger') return { at: 'authenticate', code: found.code }
  const { user } = found.match

  // Admit: in time, for the first time, allowed.
  const refused = refuse(found.match, hello, house)
  if (refused) return { at: 'admit', code: refused }
  remember(found.match, visitor, house)

  // Answer: the front's own flight for this hello, with our digest in its random.
  const answer = await tee.flight(site.expectedRecords(hello))
  if (answer.state === 'none') return { at: 'answer', code: answer.code }
  tee.answer(sealFlight(answer.bytes, answer.flight, user.digestKey, hello.random, house.random))
  countAnswer(visitor, house, answer.flight.encrypted.length, site.saw(hello, answer.flight.encrypted.length))

  // First data: an init of this user's, or the front's to judge.
  const data = await tee.firstData()
  if (data.state === 'none') return { at: 'first-data', code: data.code }
  const init = openInit(data.init, user.secret)
  if (!init) return { at: 'first-data', code: 'junk' }
  house.counters.firstData.add(1, 'ok')

  // Route.
  const road = house.directory.road(init.dc)
  if (!road) return { at: 'route', code: 'unknown_dc' }
  const dialled = await house.dialTelegram(road)
  if (!dialled.ok) return { at: 'route', code: 'no_road' }
  if (tee.clientGone) {
    dialled.leg.destroy()
    return { at: 'route', code: 'client_gone' }
  }

  // Relay.
  const dc = Math.abs(road.dc) === Math.abs(init.dc) ? init.dc : road.dc
  const { wire, cipher } = makeDataCentreInit(
    { transport: init.transport, dc, toClient: init.toClient },
    house.random,
  )
  tee.leave()
  house.startRelay(
    { client: tee.client, dataCentre: dialled.leg, stripper: data.stripper, decipher: init.decipher, cipher },
    {
      visitor,
      user,
      dc: init.dc,
      dialMilliseconds: dialled.milliseconds,
      init: wire,
      firstPayload: data.rest,
    },
  )
  return undefined
}

/** The order matters: a hello outside the clock window is not remembered, and one that was used up is never let in. */
function refuse(
  match: Match,
  hello: ClientHello,
  house: House,
): 'clock' | 'replay' | 'disabled' | 'sessions' | undefined {
  const { clockSkewSeconds, sessionLimit } = house.settings
  if (clockVerdict(match.helloSeconds, house.unixSeconds(), clockSkewSeconds) !== 'ok') return 'clock'
  const seen = house.replays.insert(hello.random, match.helloSeconds)
  if (seen === 'replay') return 'replay'
  if (seen === 'full') house.counters.replaysForgotten.add(1)
  return refusal(match.user, { open: house.openSessions(), limit: sessionLimit })
}

function countAnswer(visitor: Visitor, house: House, records: number, unexpected: boolean): void {
  const { counters } = house
  counters.handshakes.add(1, 'ok')
  counters.handshakeSeconds.observe((house.now() - visitor.acceptedAt) / 1000)
  if (records > 1) counters.frontMerged.add(1)
  if (unexpected) counters.frontFlightMismatch.add(1)
}
