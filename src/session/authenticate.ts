import { networkBlock } from '../access/address-key.ts'
import { helloProof, type Match, Search } from '../access/search.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import { clockVerdict, digestChallenge } from '../protocol/tls/digest.ts'
import type { House, Visitor } from './house.ts'
import type { Tee } from './tee.ts'

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
 * Whose hello this is. The search runs while the front computes its answer and may hold a finished one for a moment; what
 * is left after that goes on in the background, for the client's next try.
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
  if (breadth === 'known') {
    const match = search.likely()
    return match === 'nobody' ? { state: 'stranger', code: 'unauthenticated' } : { state: 'found', match }
  }
  let result = search.step()
  while (result === 'more') {
    // A name that we do not serve is an old link at best: beyond the likeliest, that can wait.
    if (breadth === 'later' || tee.heldFor >= house.settings.searchHold) {
      house.background.finish(search, networkBlock(visitor.address), (match) =>
        remember(match, visitor, house),
      )
      return { state: 'stranger', code: 'bad_digest' }
    }
    await house.nextTurn()
    result = search.step()
  }
  return result === 'nobody' ? { state: 'stranger', code: 'bad_digest' } : { state: 'found', match: result }
}

/** So that every worker finds this user at once when the same address comes again. */
export function remember(match: Match, visitor: Visitor, house: House): void {
  const now = house.unixSeconds()
  if (clockVerdict(match.helloSeconds, now, house.settings.clockSkewSeconds) !== 'ok') return
  if (visitor.address !== '') house.search.learned.remember(visitor.address, match.user.index, now)
  house.search.activity.mark(match.user.index, now)
}
