import type { ClientHello } from '../protocol/tls/client-hello.ts'
import type { FirstDataReading } from '../protocol/tls/first-data.ts'
import type { ServerFlight, UnmirrorableCode } from '../protocol/tls/server-flight.ts'

// What the walk is told when it asks a tee for what it needs next.

export type NotOursCode =
  | 'not_tls'
  | 'too_long'
  | 'malformed'
  | 'client_end'
  | 'client_gone'
  | 'front_spoke'
  | 'front_ended'
  | 'front_down'
  /** It was given up for others: too many hellos are awaited. */
  | 'unauthenticated'

export type HelloResult =
  | { state: 'hello'; hello: ClientHello }
  /** No TLS, on a listener that allows it: 64 bytes that may be an init, and what came behind them. */
  | { state: 'init'; init: Buffer; rest: Buffer }
  | { state: 'not_ours'; code: NotOursCode }

export type FlightResult =
  | { state: 'flight'; bytes: Buffer; flight: ServerFlight }
  | { state: 'none'; code: UnmirrorableCode | 'early_data' | 'front_ended' | 'front_silent' | 'client_gone' }

export type FirstDataResult =
  | Extract<FirstDataReading, { state: 'complete' }>
  | { state: 'none'; code: 'junk' | 'client_end' | 'client_gone' | 'front_ended' | 'front_spoke' }
