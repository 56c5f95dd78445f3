import { oneCustomer } from '../access/network.ts'
import type { ReplayVerdict } from '../access/replay-memory.ts'
import { type Match, Search } from '../access/search.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { clockVerdict, digestChallenge } from '../protocol/tls/digest.ts'
import type { House, Visitor } from './house.ts'
import type { KnownSite } from './known-site.ts'
import type { Tee } from './tee.ts'

/** Candidates between two looks at the loop: a tenth of a millisecond, so that a hold ends when it should. */
const STEP = 16

/**
 * Before the site's answer, steps of a search for whoever has lately asked in vain from there: the most active users. More
 * would give a flood all our time.
 */
const STEPS_AGAIN = 16

/** A quarter of a millisecond: a proxy of so many users finds anybody at the first try, whatever the load. */
const AT_ONCE = 96
/** Of more users those active latest, who come again most often: a twentieth of a millisecond for every visitor. */
const MOST_ACTIVE = 16

/** Telegram's clients send 32 bytes; a hello without them is never searched. */
const SESSION_ID_SIZE = 32
/**
 * Bytes of a hello, at most 255 of which are a name: those of Telegram's clients have 517 to 1,819. Each secret is tried on
 * all of it, and while it waits to be searched it is kept several times over.
 */
const LONGEST_SEARCHED = 4096

export type Found =
  | { state: 'found'; match: Match }
  | { state: 'stranger'; code: 'not_searchable' | 'bad_digest' | 'unauthenticated' }

/**
 * Among whom a hello is searched: all users; the likeliest at once and all others later, because its name is none of ours;
 * or only those known from there, because too much is searched already.
 */
export type Breadth = 'all' | 'later' | 'known'

interface Place {
  readonly visitor: Visitor
  readonly site: KnownSite
  readonly tee: Tee
  readonly house: House
}

/**
 * Whose hello this is. Those known from there are tried at once, and so many others as are everybody where there are few.
 * After that a front on this host has the cores while it computes: a search beside it would delay every visitor's page by
 * milliseconds where cores are scarce. Its finished answer is held for a moment where that is enough to try all who are
 * left: a hold that ends before the search delays every visitor, and finds one user of many. What is left otherwise goes on
 * in the background, for the client's next try.
 */
export async function authenticate(
  hello: ClientHello,
  breadth: Breadth,
  { visitor, site, tee, house }: Place,
): Promise<Found> {
  if (hello.sessionId.length !== SESSION_ID_SIZE || hello.record.length > LONGEST_SEARCHED)
    return { state: 'stranger', code: 'not_searchable' }
  const asked = { address: visitor.address, serverName: hello.serverName }
  const search = new Search(house.prover.of(digestChallenge(hello)), asked, house.search, house.unixSeconds())
  const known = search.likely()
  if (known !== 'nobody') return { state: 'found', match: known }
  if (breadth === 'known') return { state: 'stranger', code: 'unauthenticated' }
  const began = house.now()
  const atOnce = search.left <= AT_ONCE ? AT_ONCE : MOST_ACTIVE
  const first = search.step(atOnce)
  if (first !== 'more') return foundBy(first)
  const took = house.now() - began
  const hold = house.settings.searchHold - took
  const perCandidate = took / atOnce
  const canEnd = () => search.left * perCandidate <= hold - tee.heldFor
  const customer = oneCustomer(visitor.address)
  const isInVain = site.near && !tee.frontEnded && !canEnd()
  let steps = isInVain ? 0 : stepsFor(breadth, customer, house)
  if (site.near && steps > 0) await tee.answerBegins()
  const isTimeUp = () => tee.clientGone || (tee.isHolding && !canEnd())
  while (steps-- > 0) {
    await house.turns.mine(isTimeUp)
    if (isTimeUp()) break
    const result = search.step(STEP)
    if (result !== 'more') return foundBy(result)
  }
  house.background.finish(search, customer, (match) => {
    // The site has answered this one; a copy of it would find its user known.
    if (useUp(hello, house) !== 'replay') remember(match, visitor, house)
  })
  return { state: 'stranger', code: 'bad_digest' }
}

function foundBy(result: Match | 'nobody'): Found {
  return result === 'nobody' ? { state: 'stranger', code: 'bad_digest' } : { state: 'found', match: result }
}

function stepsFor(breadth: Breadth, customer: string, house: House): number {
  // A name that we do not serve is an old link at best: that can wait.
  if (breadth === 'later') return 0
  return house.background.hasAskedInVain(customer) ? STEPS_AGAIN : Infinity
}

/** Remembers a user's hello, so that nobody comes in by it again, whatever time a copy carries. */
export function useUp({ random }: ClientHello, house: House): ReplayVerdict {
  const seen = house.replays.insert(random, house.unixSeconds())
  if (seen === 'fresh_forgot') house.counters.replaysForgotten.add(1)
  return seen
}

/** So that every worker finds this user at once when the same address comes again. */
export function remember(match: Match, visitor: Visitor, house: House): void {
  const now = house.unixSeconds()
  if (clockVerdict(match.helloSeconds, now, house.settings.clockSkewSeconds) !== 'ok') return
  if (visitor.address !== '') house.search.learned.remember(visitor.address, match.user.index, now)
  house.search.activity.mark(match.user.index, now)
}
