import type { Config } from '../config/schema.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { MiddleKnowledge } from '../telegram/middle/middle-directory.ts'
import type { Level } from '../telemetry/guarded-log.ts'
import type { ClientCounts } from './client-tally.ts'
import type { AccessSettings } from './gatekeeping.ts'
import type { PublishedLists } from './ip-lists/ip-list-keeper.ts'
import type { PlacedProfiles } from './profile-keeping.ts'
import type { ProxyTrust } from './proxied.ts'
import type { SharedMemory } from './shared-memory.ts'
import type { PlacedSite } from './site-book.ts'
import type { PlacedFacts } from './site-learning.ts'
import type { UpstreamPlaces } from './upstream-book.ts'

/** How a worker opens one listener. */
export interface BoundListener {
  /** The same in the whole run of the process. */
  readonly number: number
  readonly endpoint: Endpoint
  /** What clients may speak here. */
  readonly modes: Config['listener'][number]['modes']
  readonly backlog: number
  readonly ipv6Only: boolean
  readonly reusePort: boolean
  /** File mode of a unix socket. */
  readonly permissions: number
  /** Absent: a PROXY header is not expected. */
  readonly proxyProtocol?: ProxyTrust | undefined
}

/** All that a worker knows of the configuration; another one may come while it runs. */
export interface WorkerSettings {
  /** Counts the configurations of this run. */
  readonly generation: number
  /** Without users and plans: who may come in stands in `access`. */
  readonly config: Config
  readonly sites: readonly PlacedSite[]
  readonly facts: PlacedFacts
  readonly profiles: PlacedProfiles
  readonly listeners: readonly BoundListener[]
  readonly lists: PublishedLists
  readonly listHits: SharedArrayBuffer
  /** Dials by upstream. */
  readonly upstreams: UpstreamPlaces
  readonly access: AccessSettings
  readonly middle: MiddleKnowledge
  readonly logLevel: Level
}

/** What a worker is started with. */
export interface WorkerStart extends WorkerSettings {
  /** From 1: its row of the counters and its words of shared memory. */
  readonly index: number
  readonly shared: SharedMemory
  readonly descriptorBudget: number
}

export type ToWorker =
  /** Make ready for another configuration: what can fail is done now. */
  | { type: 'prepare'; settings: WorkerSettings }
  /** What was prepared last is in force, or never will be. */
  | { type: 'commit'; generation: number }
  | { type: 'discard'; generation: number }
  /** What portico's own handshakes with the sites have shown. */
  | { type: 'facts'; facts: PlacedFacts }
  /** What was recorded of the sites. */
  | { type: 'profiles'; profiles: PlacedProfiles }
  /** Lists of addresses, to be used once their generation is in force. */
  | { type: 'lists'; published: PublishedLists }
  /** What is known of middle proxies has changed. */
  | { type: 'middle'; knowledge: MiddleKnowledge }
  /** Stop accepting; leave when the last connection is gone or after the wait. */
  | { type: 'drain'; milliseconds: number }

export type FromWorker =
  | { type: 'listening'; generation: number }
  | { type: 'listen_failed'; code: string; endpoint: Endpoint }
  | { type: 'prepared'; generation: number }
  | { type: 'prepare_failed'; generation: number; code: string; endpoint: Endpoint }
  /** A hello has come in twice, or more connections than usual wait: a front may lead back to us since the start. */
  | { type: 'loop_suspected'; site: number }
  /** A site has answered an authentic hello with a flight that cannot be mirrored, or with one that can although none could before. */
  | { type: 'other_answer'; site: number }
  /** Somebody with a valid secret was left to the front. */
  | { type: 'refused'; user: string; code: string; address: string }
  /** What authentic clients have shown in the last second. */
  | { type: 'clients'; counts: ClientCounts }
  | ServeEvent

/** What somebody who watches a first start wants to know. */
export type ServeEvent =
  | { type: 'connection' }
  | { type: 'session'; user: string; address: string; dc: number; milliseconds: number }
  | { type: 'no_valid_secret' }
  | { type: 'unreachable'; tried: number }
