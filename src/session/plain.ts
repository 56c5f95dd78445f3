import { Admitted } from '../access/admission.ts'
import type { PendingHello } from '../access/pending-hellos.ts'
import { type Match, Search } from '../access/search.ts'
import { type ClientInit, openInit } from '../protocol/obfuscated2.ts'
import type { Mode } from '../telemetry/catalogue.ts'
import type { House, Visitor } from './house.ts'
import type { Opened } from './route.ts'
import type { Stay } from './stay.ts'
import type { HelloResult } from './tee-results.ts'

/** Where the key material begins (obfuscated2): a copier can change the eight bytes before it and the last eight only. */
const MATERIAL_AT = 8

interface InitProof {
  readonly init: ClientInit
  readonly mode: Mode
}

/** Whose init it is, of a client without FakeTLS, and that they may come in; what is admitted must be released. */
export async function enterPlain(
  { init, rest }: Extract<HelloResult, { state: 'init' }>,
  pending: PendingHello,
  visitor: Visitor,
  house: House,
): Promise<Opened | Stay> {
  const match = await search(init, pending, visitor, house)
  if (match === 'nobody') return { at: 'hello', code: 'not_tls' }

  const now = house.unixSeconds()
  const seen = house.inits.insert(init.subarray(MATERIAL_AT), now)
  if (seen === 'replay') return { at: 'admit', code: 'replay', user: match.user.name }
  if (seen === 'fresh_forgot') house.counters.initsForgotten.add(1)
  const admitted = house.admission.admit(match, visitor.address)
  if (!(admitted instanceof Admitted)) return { at: 'admit', code: admitted, user: match.user.name }

  if (visitor.address !== '') house.search.learned.remember(visitor.address, match.user.index, now)
  house.search.activity.mark(match.user.index, now)
  house.counters.handshakes.add(1, 'ok')
  house.counters.handshakeSeconds.observe((house.now() - visitor.acceptedAt) / 1000)
  const site = house.sites(undefined).site.number
  return { user: match.user, admitted, mode: match.mode, init: match.init, rest, stripper: undefined, site }
}

/** Those known from there at once; all others step by step, taking turns with whoever else is searched for. */
async function search(
  init: Buffer,
  pending: PendingHello,
  visitor: Visitor,
  house: House,
): Promise<Match<InitProof> | 'nobody'> {
  const { modes } = visitor
  const place = { address: visitor.address, serverName: undefined }
  const searching = new Search<InitProof>(
    {
      one: ({ secret }) => {
        const opened = openInit(init, secret)
        const mode = opened && modeOf(opened, modes)
        return opened && mode && { init: opened, mode }
      },
    },
    place,
    house.search,
    house.unixSeconds(),
  )
  const known = searching.likely()
  if (known !== 'nobody' || !pending.mayBeAnybody()) return known
  for (;;) {
    await house.turns.mine()
    const result = searching.step()
    if (result !== 'more') return result
  }
}

/** Undefined: what the listener does not allow. A `dd` link makes clients use the padded transport and no other. */
function modeOf({ transport }: ClientInit, modes: readonly Mode[]): Mode | undefined {
  if (transport === 'padded' && modes.includes('secure')) return 'secure'
  return modes.includes('classic') ? 'classic' : undefined
}
