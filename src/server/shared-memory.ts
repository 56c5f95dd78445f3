import { randomBytes } from 'node:crypto'
import { Activity } from '../access/activity.ts'
import { LearnedAddresses } from '../access/learned-addresses.ts'
import { allocateLimits, type LimitsMemory } from '../access/limits-memory.ts'
import { ReplayMemory } from '../access/replay-memory.ts'
import { UsageRows } from '../access/usage-rows.ts'
import { VainSearches } from '../access/vain-searches.ts'
import { FrontClocks } from '../front/front-clocks.ts'
import { SeenHellos } from '../front/seen-hellos.ts'
import { allocateCounters } from '../telemetry/counters.ts'
import { OwnHellos } from './own-hellos.ts'
import { MAX_SITES } from './site-book.ts'

/** Row of the counters and place of each per-worker word that belong to the supervisor; workers follow from 1. */
export const SUPERVISOR = 0

const SMALL_MACHINE = 1024 ** 3
const LEARNED_ADDRESSES = { small: 16_384, usual: 131_072 }
/** Addresses with sessions that are told apart at a time. */
const LIMITED_ADDRESSES = { small: 8192, usual: 65_536 }
/** Hellos that are remembered, and inits: 3.2 and 16 MB where so many come, read back at a start in 0.2 and 0.9 s. */
const REPLAYS = { small: 250_000, usual: 1_250_000 }

/** What all threads share. Only compare-and-set slots and words with one writer: a worker may die at any point. */
export interface SharedMemory {
  /** Rows of what has one for each thread: the supervisor's and the workers'. */
  readonly rows: number
  readonly counters: SharedArrayBuffer
  readonly replays: SharedArrayBuffer
  /** Inits of clients without FakeTLS. */
  readonly inits: SharedArrayBuffer
  readonly learned: SharedArrayBuffer
  readonly activity: SharedArrayBuffer
  /** From where we were asked in vain. */
  readonly vainSearches: SharedArrayBuffer
  readonly usage: SharedArrayBuffer
  readonly limits: LimitsMemory
  /** One word a worker: descriptors of its connections. */
  readonly descriptors: SharedArrayBuffer
  /** One word a worker: sessions being relayed. */
  readonly sessions: SharedArrayBuffer
  /** One word a worker, counted up at each tick. */
  readonly heartbeats: SharedArrayBuffer
  /** One word a place of a site: 1 when its address leads back to us. */
  readonly loops: SharedArrayBuffer
  /** The clocks of imitated fronts. */
  readonly frontClocks: SharedArrayBuffer
  /** Client randoms of the last seconds. */
  readonly seenHellos: SharedArrayBuffer
  /** One word: the generation of the IP lists that is in force. */
  readonly listsInForce: SharedArrayBuffer
  /** So that nobody can choose addresses that share a place. */
  readonly addressSeed: string
  /** By which a listener of ours knows the hellos of a check that runs. */
  readonly ownHellos: SharedArrayBuffer
}

export interface SharedMemoryOptions {
  readonly workers: number
  /** `addresses.max` of each user by place, 0 for none and for those who are still to come. */
  readonly addressesMax: readonly number[]
  /** Hellos that are remembered, and as many inits. */
  readonly replays: 'auto' | number
  /** Bytes of memory that this process may use. */
  readonly memory: number
}

/** Memory is taken up only where it is written, so that places for users to come cost nothing. */
const FEWEST_USERS = 16_384
const SPARE_NETWORKS = 262_144

/** For so many users a run of the process has places, whoever goes and comes. */
export function userCapacity(users: number): number {
  return Math.max(FEWEST_USERS, 2 * users)
}

export function allocateSharedMemory(options: SharedMemoryOptions): SharedMemory {
  const size = options.memory <= SMALL_MACHINE ? 'small' : 'usual'
  const rows = options.workers + 1
  const users = options.addressesMax.length
  const replayBytes = ReplayMemory.bytes(options.replays === 'auto' ? REPLAYS[size] : options.replays)
  const words = () => new SharedArrayBuffer(rows * 4)
  return {
    rows,
    counters: allocateCounters(rows),
    replays: new SharedArrayBuffer(replayBytes),
    inits: new SharedArrayBuffer(replayBytes),
    learned: new SharedArrayBuffer(LearnedAddresses.bytes(LEARNED_ADDRESSES[size])),
    activity: new SharedArrayBuffer(Activity.bytes(users)),
    vainSearches: new SharedArrayBuffer(VainSearches.bytes),
    usage: new SharedArrayBuffer(UsageRows.bytes(users, rows)),
    limits: allocateLimits({
      workers: options.workers,
      addressesMax: options.addressesMax,
      addressSlots: LIMITED_ADDRESSES[size],
      spareNetworks: SPARE_NETWORKS,
    }),
    descriptors: words(),
    sessions: words(),
    heartbeats: words(),
    loops: new SharedArrayBuffer(MAX_SITES * 4),
    frontClocks: new SharedArrayBuffer(FrontClocks.bytes(rows, MAX_SITES)),
    seenHellos: new SharedArrayBuffer(SeenHellos.BYTES),
    listsInForce: new SharedArrayBuffer(4),
    addressSeed: randomBytes(16).toString('hex'),
    ownHellos: new SharedArrayBuffer(OwnHellos.bytes(MAX_SITES)),
  }
}
