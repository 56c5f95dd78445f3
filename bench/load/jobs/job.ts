import type { Command } from '../command.ts'
import { type HelloSource, helloSource } from '../hello-source.ts'
import { LoadSession, type Target } from '../session.ts'
import type { Visits } from './browse.ts'
import type { Busy, Busyness } from './busy.ts'
import type { Flood } from './flood.ts'
import type { Entrance, Knocks } from './knock.ts'

export type Job =
  | {
      readonly do: 'transfer'
      readonly kind: 'send' | 'swallow'
      readonly connections: number
      readonly bytes: number
    }
  | { readonly do: 'talk'; readonly connections: number; readonly messages: number; readonly size: number }
  | { readonly do: 'churn'; readonly sessions: number; readonly atOnce: number }
  | { readonly do: 'hold'; readonly sessions: number }
  | { readonly do: 'release' }
  | { readonly do: 'stall'; readonly sessions: number; readonly bytes: number }
  | { readonly do: 'drain' }
  | ({ readonly do: 'begin-busy' } & Busyness)
  | { readonly do: 'end-busy' }
  | ({ readonly do: 'knock' } & Knocks)
  | ({ readonly do: 'browse' } & Visits)
  | ({ readonly do: 'flood' } & Flood)

/** Milliseconds since connect, at the middle and at nine tenths. */
export interface Latency {
  readonly flightP50: number
  readonly p50: number
  readonly p90: number
}

export interface JobResult {
  readonly seconds: number
  /** Sessions that ended otherwise than they should, and why the first of them did. */
  readonly failed: number
  readonly failure?: string
  readonly latency?: Latency
  readonly entrance?: Entrance
  readonly busy?: Busy
  /** Connections of an attacker. */
  readonly flooded?: number
}

/** Opens sessions before one subject. */
export type Open = (command: Command) => LoadSession

const sources = new Map<string, HelloSource>()

export function opener(target: Target): Open {
  const { secret, domain } = target
  if (secret === undefined) return (command) => new LoadSession(target, command, undefined)
  let source = sources.get(secret)
  if (!source) {
    source = helloSource(Buffer.from(secret, 'hex'), domain)
    sources.set(secret, source)
  }
  return (command) => new LoadSession(target, command, source)
}

/** Runs `count` times `one`, at most `atOnce` of them at a time; failures are counted, not thrown. */
export async function many(
  count: number,
  atOnce: number,
  one: (index: number) => Promise<void>,
): Promise<{ failed: number; failure?: string }> {
  let next = 0
  let failed = 0
  let failure: string | undefined
  const lane = async () => {
    while (next < count) {
      try {
        await one(next++)
      } catch (error) {
        failed++
        failure ??= String(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
  return failure === undefined ? { failed } : { failed, failure }
}
