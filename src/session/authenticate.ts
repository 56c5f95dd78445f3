import { oneCustomer } from '../access/network.ts'
import { helloProof, type Match, Search } from '../access/search.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { clockVerdict, digestChallenge } from '../protocol/tls/digest.ts'
import type { House, Visitor } from './house.ts'
import type { Tee } from './tee.ts'

/**
 * Before the site's answer, steps of a search for whoever has lately asked in vain from there: the most active users. More
 * would give a flood all our time while the front computes.
 */
const STEPS_AGAIN = 4

/** Tried whatever the load: a small proxy finds its users at the first try even where its turns come too late. */
const ALWAYS_TRIED = 32

/** Telegram's clients send 32 bytes; a hello without them is never searched. */
const SESSION_ID_SIZE = 32

export type Found =
  | { state: 'found'; match: Match }
  | { state: 'stranger'; code: 'not_searchable' | 'bad_digest' | 'unauthenticated' }

/**
 * Among whom a hello is searched: all users; the likeliest at once and all others later, because its name is none of ours;
 * or only those known from there, because too much is searched already.
 */
export type Breadth = 'all' | 'later' | 'known'

/**
 * Whose hello this is. Those known from there are tried at once. The search among all others runs while the front computes
 * its answer, in turns with other searches, and may hold a finished answer for a moment; what is left after that goes on in
 * the background, for the client's next try.
 */
export async function authenticate(
  hello: ClientHello,
  breadth: Breadth,
  visitor: Visitor,
  tee: Tee,
  house: House,
): Promise<Found> {
  if (hello.sessionId.length !== SESSION_ID_SIZE) return { state: 'stranger', code: 'not_searchable' }
  const place = { address: visitor.address, serverName: hello.serverName }
  const search = new Search(helloProof(digestChallenge(hello)), place, house.search, house.unixSeconds())
  const known = search.likely()
  if (known !== 'nobody') return { state: 'found', match: known }
  if (breadth === 'known') return { state: 'stranger', code: 'unauthenticated' }
  const first = search.step(ALWAYS_TRIED)
  if (first === 'nobody') return { state: 'stranger', code: 'bad_digest' }
  if (first !== 'more') return { state: 'found', match: first }
  const isTimeUp = () => tee.heldFor >= house.settings.searchHold
  const customer = oneCustomer(visitor.address)
  // A name that we do not serve is an old link at best: beyond the likeliest, that can wait.
  let steps = breadth === 'later' ? 1 : house.background.hasAskedInVain(customer) ? STEPS_AGAIN : Infinity
  while (steps-- > 0) {
    await house.turns.mine(isTimeUp)
    if (isTimeUp()) break
    const result = search.step()
    if (result === 'nobody') return { state: 'stranger', code: 'bad_digest' }
    if (result !== 'more') return { state: 'found', match: result }
  }
  house.background.finish(search, customer, (match) => remember(match, visitor, house))
  return { state: 'stranger', code: 'bad_digest' }
}

/** So that every worker finds this user at once when the same address comes again. */
export function remember(match: Match, visitor: Visitor, house: House): void {
  const now = house.unixSeconds()
  if (clockVerdict(match.helloSeconds, now, house.settings.clockSkewSeconds) !== 'ok') return
  if (visitor.address !== '') house.search.learned.remember(visitor.address, match.user.index, now)
  house.search.activity.mark(match.user.index, now)
}
