import type { Config } from '../config/schema.ts'
import type { Site, SiteFacts } from '../front/site.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Level } from '../telemetry/guarded-log.ts'
import type { SharedMemory } from './shared-memory.ts'

/** How a worker opens one listener. */
export interface BoundListener {
  readonly endpoint: Endpoint
  readonly backlog: number
  readonly ipv6Only: boolean
  readonly reusePort: boolean
  /** File mode of a unix socket. */
  readonly permissions: number
}

/** What a worker is started with. */
export interface WorkerStart {
  /** From 1: its row of the counters and its words of shared memory. */
  readonly index: number
  readonly config: Config
  readonly sites: readonly Site[]
  readonly facts: readonly (SiteFacts | undefined)[]
  readonly listeners: readonly BoundListener[]
  readonly shared: SharedMemory
  readonly descriptorBudget: number
  readonly sessionLimit: number
  readonly logLevel: Level
}

export type ToWorker =
  /** What portico's own handshakes with the sites have shown, in the order of the sites. */
  | { type: 'facts'; facts: readonly (SiteFacts | undefined)[] }
  /** Stop accepting; leave when the last connection is gone or after the wait. */
  | { type: 'drain'; milliseconds: number }

export type FromWorker =
  | { type: 'listening' }
  | { type: 'listen_failed'; code: string; message: string }
  /** A start-up hello of our own came in: a front's address leads back to us. */
  | { type: 'loop'; site: number }
  | ServeEvent

/** What somebody who watches a first start wants to know. */
export type ServeEvent =
  | { type: 'connection' }
  | { type: 'session'; user: string; address: string; dc: number; milliseconds: number }
  | { type: 'no_valid_secret' }
  | { type: 'unreachable'; tried: number }
