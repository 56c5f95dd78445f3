import { Admitted, type Refusal } from '../access/admission.ts'
import type { PendingHello } from '../access/pending-hellos.ts'
import type { Match } from '../access/search.ts'
import type { SessionMeter } from '../access/session-meter.ts'
import type { Leg } from '../net/leg.ts'
import { openInit } from '../protocol/obfuscated2.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { clockVerdict } from '../protocol/tls/digest.ts'
import { answer } from './answer.ts'
import { authenticate, remember, useUp } from './authenticate.ts'
import type { House, Visitor } from './house.ts'
import type { KnownSite } from './known-site.ts'
import { enterPlain } from './plain.ts'
import { type Opened, route } from './route.ts'
import { type Stay, stay } from './stay.ts'
import type { Tee } from './tee.ts'
import type { HelloResult } from './tee-results.ts'

/**
 * The walk of one connection, from its first byte to the relay. Until the client has proved a secret, and then that it
 * speaks MTProto, the front has every byte and its answers are the client's; whoever fails a step stays with the front.
 */
export async function walk(tee: Tee, visitor: Visitor, house: House): Promise<void> {
  const entry = await enter(tee, visitor, house)
  if (!('admitted' in entry)) return stay(entry, tee, visitor, house)
  if (entry.admitted.meter) limitReads(tee.client, entry.admitted.meter)
  let why: Stay | undefined
  try {
    why = 'hello' in entry ? await serve(entry, tee, visitor, house) : await route(entry, tee, visitor, house)
  } catch (error) {
    entry.admitted.release()
    throw error
  }
  if (!why) return
  entry.admitted.release()
  if (entry.admitted.meter) tee.client.limitReads(() => Number.POSITIVE_INFINITY)
  stay(why, tee, visitor, house)
}

interface Entry {
  readonly hello: ClientHello
  readonly site: KnownSite
  readonly match: Match
  readonly admitted: Admitted
}

/** Up to the decision who this is and that they may come in; what is admitted must be released. */
async function enter(tee: Tee, visitor: Visitor, house: House): Promise<Entry | Opened | Stay> {
  // Refused by address: nothing of it is read.
  if (house.isListed(visitor)) return { at: 'accept', code: 'listed' }
  const arriving = tee.hello()
  const pending = house.pending.enter(visitor.address, () => tee.giveUp())
  try {
    const first = await arriving
    if (first.state === 'init') return await enterPlain(first, pending, visitor, house)
    return await recognise(first, pending, tee, visitor, house)
  } finally {
    pending.leave()
  }
}

async function recognise(
  first: Exclude<HelloResult, { state: 'init' }>,
  pending: PendingHello,
  tee: Tee,
  visitor: Visitor,
  house: House,
): Promise<Entry | Stay> {
  // Recognise: a whole ClientHello, or somebody for the front.
  if (first.state === 'not_ours') {
    if (first.code === 'unauthenticated') house.crowdOf(house.sites(undefined).site)
    return { at: 'hello', code: first.code }
  }
  const { hello } = first
  if (house.isOurOwn(hello.random)) return { at: 'hello', code: 'loop' }
  const { site, known } = house.sites(hello.serverName)
  if (house.leadsBack(site)) return { at: 'hello', code: 'loop' }
  house.watchForLoop(hello.random, site)
  if (site !== house.sites(undefined).site) {
    const moved = tee.moveTo((handler) => house.dialFront(site, handler, visitor))
    if (moved) tee.client.keepAlive?.(site.keepAlive)
  }

  // Authenticate: a hello names nobody.
  const breadth = pending.mayBeAnybody()
    ? known || hello.serverName === undefined
      ? 'all'
      : 'later'
    : 'known'
  const found = await authenticate(hello, breadth, { visitor, site, tee, house })
  const unknownName = !known && hello.serverName !== undefined ? { unknownNameAt: site } : {}
  if (found.state === 'stranger') return { at: 'authenticate', code: found.code, ...unknownName }
  const { match } = found

  // Admit: in time, for the first time, allowed.
  const admitted = admit(match, hello, visitor, house)
  if (!(admitted instanceof Admitted)) {
    house.authentic(hello)
    return { at: 'admit', code: admitted, user: match.user.name, ...unknownName }
  }
  remember(match, visitor, house)
  return { hello, site, match, admitted }
}

/** Undefined: the session is being relayed, and gives back what it was admitted with when it is over. */
async function serve(entry: Entry, tee: Tee, visitor: Visitor, house: House): Promise<Stay | undefined> {
  const { hello, site, match, admitted } = entry
  const { user, key } = match

  // Answer: the front's own flight for this hello, with our digest in its random, or a recorded one.
  const refused = await answer({ hello, site, key: key.secret }, tee, visitor, house)
  // What can wait until the answer is out does: a fingerprint takes longer than the proof of a secret.
  house.authentic(hello)
  if (refused) return refused
  // First data: an init of this user's, or the front's to judge.
  const data = await tee.firstData()
  if (data.state === 'none') {
    if (data.code !== 'junk' && data.code !== 'front_spoke') house.answered(user, 'none')
    return { at: 'first-data', code: data.code }
  }
  const init = openInit(data.init, key.secret)
  if (!init) return { at: 'first-data', code: 'junk' }
  house.counters.firstData.add(1, 'ok')
  house.answered(user, 'ok')

  // Route, and relay.
  const { rest, stripper } = data
  const { number, profile } = site
  const opened = { user, admitted, mode: 'tls' as const, init, rest, stripper, site: number, sizes: profile }
  return route(opened, tee, visitor, house)
}

/**
 * The order matters: whoever's hello comes this far has used it up, whatever else keeps them out. One of another time would
 * be let in when somebody gives it ours, one of a disabled user when that user is enabled again.
 */
function admit(
  match: Match,
  hello: ClientHello,
  visitor: Visitor,
  house: House,
): Admitted | 'clock' | 'replay' | Refusal {
  const { clockSkewSeconds } = house.settings
  const isReplay = useUp(hello, house) === 'replay'
  if (clockVerdict(match.helloSeconds, house.unixSeconds(), clockSkewSeconds) !== 'ok') return 'clock'
  if (isReplay) return 'replay'
  return house.admission.admit(match, visitor.address)
}

/** Slow is smooth only if the first bytes are not read all at once. */
function limitReads(client: Leg, meter: SessionMeter): void {
  client.limitReads(() => meter.window('up'))
}
