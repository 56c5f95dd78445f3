import type { Admission, Admitted } from '../access/admission.ts'
import type { BackgroundSearch } from '../access/background-search.ts'
import type { HelloProver } from '../access/hello-prover.ts'
import type { PendingHellos } from '../access/pending-hellos.ts'
import type { LoggedReplayMemory } from '../access/replay-log.ts'
import type { SearchDependencies } from '../access/search.ts'
import type { SessionMeter } from '../access/session-meter.ts'
import type { User } from '../access/users.ts'
import type { SiteChooser } from '../front/sites.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import type { ProxyRoute } from '../protocol/proxy-header/proxy-header.ts'
import type { ClientHello } from '../protocol/tls/client-hello.ts'
import type { DirectRelayOptions } from '../relay/direct-relay.ts'
import type { MiddleRelayOptions } from '../relay/middle-relay.ts'
import type { DialResult } from '../telegram/dial-data-centre.ts'
import type { Directory, Road } from '../telegram/directory.ts'
import type { MiddleResult } from '../telegram/middle/middle-proxies.ts'
import type { LinkOptions } from '../telegram/middle/shared-link.ts'
import type { Mode, Road as RoadLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { KnownSite } from './known-site.ts'
import type { Turns } from './turns.ts'

/** Who connected, and how. */
export interface Visitor {
  /** Empty for a unix socket. */
  readonly address: string
  readonly port: number
  /** As the log may show it: the network only, unless whole addresses were asked for. */
  readonly shownAddress: string
  readonly family: 'ipv4' | 'ipv6' | 'unix'
  /** Number of the listener, as configured. */
  readonly listener: number
  /** What its listener allows. */
  readonly modes: readonly Mode[]
  /** For the PROXY header to the front; undefined where no front wants one, and without addresses. */
  readonly route?: ProxyRoute | undefined
  /** Milliseconds, monotonic. */
  readonly acceptedAt: number
}

/** Whose session it is: all that is kept of its beginning while it lives. */
export interface SessionOwner {
  readonly visitor: Visitor
  readonly user: User
  /** Given back when the session is over. */
  readonly admitted: Admitted
  /** Number of the site whose answer it got, as configured. */
  readonly site: number
  readonly dc: number
  readonly mode: Mode
  readonly via: RoadLabel
}

export interface SessionStart extends SessionOwner {
  /** Time to reach the data centre, milliseconds. */
  readonly dialMilliseconds: number
  /** Our init towards a data centre (empty for a middle proxy), and the client's payload behind its own. */
  readonly init: Buffer
  readonly firstPayload: Buffer
}

/** Everything the walk needs, handed in: one house for all connections of a worker and one configuration. */
export interface House {
  readonly settings: {
    /** How long a front's finished answer may wait for the search of a user, milliseconds. */
    readonly searchHold: number
    readonly clockSkewSeconds: number
    /** With the front's own flight, a recorded one, or the latter where the former cannot be had. */
    readonly answer: 'auto' | 'mirror' | 'profile'
    /** What strangers meet who ask for a name that is not served. */
    readonly unknownName: 'front' | 'reject' | 'drop'
    /** Who goes to the data centre itself while no middle proxy answers. */
    readonly fallback: 'always' | 'untagged' | 'never'
    /** The longest frame of a client that goes by a middle proxy, bytes. */
    readonly clientFrame: number
  }
  readonly sites: SiteChooser<KnownSite>
  readonly search: SearchDependencies
  readonly prover: HelloProver
  readonly background: BackgroundSearch
  readonly pending: PendingHellos
  readonly admission: Admission
  /** Hellos that nobody must come in by again. */
  readonly replays: Pick<LoggedReplayMemory, 'insert'>
  /** Inits of clients without FakeTLS. */
  readonly inits: Pick<LoggedReplayMemory, 'insert'>
  /** For searches that are not to share the loop with each other. */
  readonly turns: Turns
  readonly directory: Directory
  readonly counters: Counters
  readonly log: Log

  dialFront(site: KnownSite, handler: LegHandler, visitor: Visitor): Leg
  /** A leg that stands in for that front, behind a recorded flight. */
  imitateFront(site: KnownSite, handler: LegHandler, visitor: Visitor): Leg
  /** @param meter limits the reads of the new connection from the first on */
  dialTelegram(road: Road, user: User, meter: SessionMeter | undefined): Promise<DialResult>
  goesByMiddle(user: User): boolean
  dialMiddle(dc: number, user: User, options: LinkOptions): Promise<MiddleResult>
  startRelay(options: DirectRelayOptions, start: SessionStart): void
  startMiddleRelay(options: MiddleRelayOptions, start: SessionStart): void
  /** Whether the lists of addresses refuse this one; asked of a connection that would otherwise come in, and counted. */
  isListed(visitor: Visitor): boolean
  /** True for the hello of a check of ours that runs now: the address of the site that it was meant for leads back to us. */
  isOurOwn(clientRandom: Uint8Array): boolean
  leadsBack(site: KnownSite): boolean
  /** For every hello: one that came before may have gone out to its site and come back. */
  watchForLoop(clientRandom: Uint8Array, site: KnownSite): void
  /** Too many wait without a hello: a site that leads back makes many of one that says nothing. */
  crowdOf(site: KnownSite): void
  /** A site answers otherwise than it was known to: it cannot be mirrored any more, or can again. */
  otherAnswer(site: KnownSite): void
  random(n: number): Buffer
  /** Milliseconds, monotonic and fine. */
  now(): number
  unixSeconds(): number
  /** A user's hello, for who wants to know by what filters may tell clients apart. */
  authentic(hello: ClientHello): void
  /** What a user sent after our answer: an init, or nothing at all. */
  answered(user: User, firstData: 'ok' | 'none'): void
  /** For whoever watches a first start. */
  noticed(event: 'no_valid_secret' | 'unreachable' | 'ad_tag_not_shown'): void
  /** For whoever asks why a user cannot get in. */
  refused(user: string, code: string, visitor: Visitor): void
}
