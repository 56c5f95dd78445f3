import type { BackgroundSearch } from '../access/background-search.ts'
import type { ReplaySet } from '../access/replay-set.ts'
import type { SearchDependencies } from '../access/search.ts'
import type { User } from '../access/users.ts'
import type { SiteChooser } from '../front/sites.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { DirectRelayOptions } from '../relay/direct-relay.ts'
import type { DialResult } from '../telegram/dial-data-centre.ts'
import type { Directory, Road } from '../telegram/directory.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { KnownSite } from './known-site.ts'

/** Who connected, and how. */
export interface Visitor {
  /** Empty for a unix socket. */
  readonly address: string
  /** As the log may show it: the network only, unless whole addresses were asked for. */
  readonly shownAddress: string
  readonly family: 'ipv4' | 'ipv6' | 'unix'
  /** Milliseconds, monotonic. */
  readonly acceptedAt: number
}

/** Whose session it is: all that is kept of its beginning while it lives. */
export interface SessionOwner {
  readonly visitor: Visitor
  readonly user: User
  readonly dc: number
}

export interface SessionStart extends SessionOwner {
  /** Time to reach the data centre, milliseconds. */
  readonly dialMilliseconds: number
  /** Our init and the client's payload behind its own. */
  readonly init: Buffer
  readonly firstPayload: Buffer
}

/** Everything the walk needs, handed in: one house for all connections of a worker and one configuration. */
export interface House {
  readonly settings: {
    /** How long a front's finished answer may wait for the search of a user, milliseconds. */
    readonly searchHold: number
    readonly clockSkewSeconds: number
    readonly sessionLimit: number
  }
  readonly sites: SiteChooser<KnownSite>
  readonly search: SearchDependencies
  readonly background: BackgroundSearch
  readonly replays: ReplaySet
  readonly directory: Directory
  readonly counters: Counters
  readonly log: Log

  dialFront(site: KnownSite, handler: LegHandler): Leg
  dialTelegram(road: Road): Promise<DialResult>
  startRelay(options: DirectRelayOptions, start: SessionStart): void
  openSessions(): number
  /** True for the hello of a start-up check of ours: the address of the site that it was meant for leads back to us. */
  isOurOwn(clientRandom: Uint8Array): boolean
  leadsBack(site: KnownSite): boolean
  random(n: number): Buffer
  /** Milliseconds, monotonic and fine. */
  now(): number
  unixSeconds(): number
  /** Resolves after the loop has looked at its sockets once more. */
  nextTurn(): Promise<void>
  /** For whoever watches a first start. */
  noticed(event: 'no_valid_secret' | 'unreachable'): void
}
