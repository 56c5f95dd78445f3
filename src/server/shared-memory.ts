import { randomBytes } from 'node:crypto'
import { Activity } from '../access/activity.ts'
import { LearnedAddresses } from '../access/learned-addresses.ts'
import { ReplaySet } from '../access/replay-set.ts'
import { allocateCounters } from '../telemetry/counters.ts'
import { makeOwnRandom } from './own-random.ts'

/** Row of the counters and place of each per-worker word that belong to the supervisor; workers follow from 1. */
export const SUPERVISOR = 0

const SMALL_MACHINE = 1024 ** 3
const LEARNED_ADDRESSES = { small: 16_384, usual: 131_072 }
/** Per 64 seconds of hello time: 128 and 1,024 sessions begun a second, for the whole clock window. */
const REPLAY_SLOTS = { small: 8192, usual: 65_536 }

/** What all threads share. Only compare-and-set slots and words with one writer: a worker may die at any point. */
export interface SharedMemory {
  readonly counters: SharedArrayBuffer
  readonly replays: SharedArrayBuffer
  readonly learned: SharedArrayBuffer
  readonly activity: SharedArrayBuffer
  /** One word a worker: descriptors of its connections. */
  readonly descriptors: SharedArrayBuffer
  /** One word a worker: sessions being relayed. */
  readonly sessions: SharedArrayBuffer
  /** One word a worker, counted up at each tick. */
  readonly heartbeats: SharedArrayBuffer
  /** One word a site: 1 when its address leads back to us. */
  readonly loops: SharedArrayBuffer
  /** So that nobody can choose addresses that share a place. */
  readonly addressSeed: string
  /** By which a listener of ours knows the start-up hellos. */
  readonly ownRandom: Uint8Array
}

export interface SharedMemoryOptions {
  readonly workers: number
  readonly users: number
  readonly sites: number
  readonly clockSkewSeconds: number
  /** Bytes of memory that this process may use. */
  readonly memory: number
}

export function allocateSharedMemory(options: SharedMemoryOptions): SharedMemory {
  const size = options.memory <= SMALL_MACHINE ? 'small' : 'usual'
  const words = () => new SharedArrayBuffer((options.workers + 1) * 4)
  return {
    counters: allocateCounters(options.workers + 1),
    replays: new SharedArrayBuffer(ReplaySet.bytes(options.clockSkewSeconds, REPLAY_SLOTS[size])),
    learned: new SharedArrayBuffer(LearnedAddresses.bytes(LEARNED_ADDRESSES[size])),
    activity: new SharedArrayBuffer(Activity.bytes(options.users)),
    descriptors: words(),
    sessions: words(),
    heartbeats: words(),
    loops: new SharedArrayBuffer(options.sites * 4),
    addressSeed: randomBytes(16).toString('hex'),
    ownRandom: makeOwnRandom(),
  }
}
