import { Descriptors } from '../net/descriptors.ts'
import { HalfClosed } from '../net/half-closed.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import type { SharedReads } from '../net/static-read.ts'
import { Wheel } from '../net/wheel.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { FromWorker, WorkerStart } from './messages.ts'

export interface ThreadResourcesOptions {
  readonly log: Log
  readonly reads: SharedReads
  /** Milliseconds, monotonic and fine. */
  now(): number
  post(message: FromWorker): void
}

/** What a worker thread has one of, and every connection of it shares. */
export interface ThreadResources {
  readonly log: Log
  readonly wheel: Wheel
  readonly reads: SharedReads
  readonly outgoing: OutgoingBuffers
  readonly halfClosed: HalfClosed
  readonly descriptors: Descriptors
  now(): number
}

export function threadResources(
  start: WorkerStart,
  { log, reads, now }: ThreadResourcesOptions,
): ThreadResources {
  const wheel = new Wheel()
  const halfClosed = new HalfClosed()
  const descriptors = new Descriptors(start.shared.descriptors, start.index, start.descriptorBudget)
  wheel.everyTick(halfClosed.sweep)
  wheel.everyTick(descriptors.serve)
  return { log, wheel, reads, outgoing: new OutgoingBuffers(reads.buffer), halfClosed, descriptors, now }
}
