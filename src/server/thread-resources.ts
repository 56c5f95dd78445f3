import { Descriptors } from '../net/descriptors.ts'
import { LocalPorts, localPortRange } from '../net/local-ports.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import type { SharedReads } from '../net/static-read.ts'
import { UnwatchedLegs } from '../net/unwatched-legs.ts'
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
  readonly unwatched: UnwatchedLegs
  readonly descriptors: Descriptors
  readonly ports: LocalPorts
  now(): number
}

export function threadResources(
  start: WorkerStart,
  { log, reads, now }: ThreadResourcesOptions,
): ThreadResources {
  const wheel = new Wheel()
  const unwatched = new UnwatchedLegs()
  const descriptors = new Descriptors(start.shared.descriptors, start.index, start.descriptorBudget)
  wheel.everyTick(unwatched.sweep)
  wheel.everyTick(descriptors.serve)
  const share = localPortRange() / (start.shared.rows - 1)
  const ports = new LocalPorts(share, { scarce: portsWarning(log, now) })
  return {
    ports,
    log,
    wheel,
    reads,
    outgoing: new OutgoingBuffers(reads.buffer),
    unwatched,
    descriptors,
    now,
  }
}

const WARN_AGAIN_MILLISECONDS = 60 * 60_000
const REMEDY =
  'widen net.ipv4.ip_local_port_range, list further addresses in telegram.data_centres, or further [[upstream]] with url = "direct:" and a bind of their own'

/** Once an hour: it is not one connection's matter. */
function portsWarning(log: Log, now: () => number): (address: string, isOver: boolean) => void {
  let last = Number.NEGATIVE_INFINITY
  return (address, isOver) => {
    if (now() - last < WARN_AGAIN_MILLISECONDS) return
    last = now()
    const event = isOver ? 'no local port is left for connections' : 'local ports are running out'
    log.warn(event, { address, remedy: REMEDY })
  }
}
