import { isDeepStrictEqual } from 'node:util'
import { Admission } from '../access/admission.ts'
import { PendingHellos } from '../access/pending-hellos.ts'
import { limitsOf } from '../access/user-limits.ts'
import { type User, type UserPlaces, Users } from '../access/users.ts'
import type { Config } from '../config/schema.ts'
import { CidrSet } from '../net/cidr.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { SharedMemory } from './shared-memory.ts'

/** Memory that a hello which is awaited may cost us, with what the kernel and the runtime hold for it. */
const MEMORY_FOR_PENDING = 512 * 1024
const FEWEST_PENDING = 256
const MOST_PENDING = 8192
/** A user's exceeded limit is worth a line now and then, not one for each try. */
const LOG_AGAIN_SECONDS = 60

/** Who may come in, as far as workers must know it; may be sent again while they run. Structured-cloneable. */
export interface AccessSettings {
  readonly users: Config['users']
  readonly places: UserPlaces
  /** Of users who are gone from the configuration, Unix seconds until their sessions end. */
  readonly leaving: ReadonlyMap<string, number>
  readonly maintenance: boolean
  /** Most sessions of the server. */
  readonly sessions: number
  readonly perAddress: number | undefined
  readonly pending: { readonly all: number; readonly perAddress: number }
}

/** @param most sessions that the descriptors allow; `memory` in bytes */
export function accessSettings(
  config: Pick<Config, 'users' | 'maintenance' | 'limits'>,
  { places, leaving }: Pick<AccessSettings, 'places' | 'leaving'>,
  { most, memory }: { most: number; memory: number },
): AccessSettings {
  const { users, maintenance, limits } = config
  const auto = Math.min(MOST_PENDING, Math.max(FEWEST_PENDING, Math.floor(memory / MEMORY_FOR_PENDING)))
  return {
    users,
    places,
    leaving,
    maintenance,
    sessions: Math.min(limits.sessions ?? most, most),
    perAddress: limits.per_address === 'off' ? undefined : limits.per_address,
    pending: {
      all: limits.unauthenticated === 'auto' ? auto : limits.unauthenticated,
      perAddress: limits.unauthenticated_per_address,
    },
  }
}

export interface GatekeepingDependencies {
  readonly counters: Counters
  readonly log: Log
  unixSeconds(): number
  /** Milliseconds, monotonic and fine, of this thread. */
  now(): number
}

/** What decides in one worker who comes in and who must leave. */
export class Gatekeeping {
  readonly admission: Admission
  readonly pending: PendingHellos
  readonly #dependencies: GatekeepingDependencies
  readonly #logged = new Map<string, number>()
  #settings: AccessSettings
  #users: Users

  constructor(
    shared: Pick<SharedMemory, 'limits' | 'addressSeed'>,
    worker: number,
    settings: AccessSettings,
    dependencies: GatekeepingDependencies,
  ) {
    this.#dependencies = dependencies
    const place = { worker, seed: shared.addressSeed }
    this.#settings = settings
    this.#users = usersOf(settings)
    this.pending = new PendingHellos(shared.limits.workers, settings.pending)
    this.admission = new Admission(shared.limits, place, this.#admitted(settings), {
      unixSeconds: dependencies.unixSeconds,
      micros: sharedMicros(dependencies.now),
      noticed: (event, user) => this.#noticed(event, user),
    })
  }

  get users(): Users {
    return this.#users
  }

  /**
   * Does what takes time with many users. From the call of what it returns on the settings hold; live sessions that they
   * forbid end with the next look at all sessions.
   */
  prepare(settings: AccessSettings): () => void {
    const users = usersOf(settings, { users: this.#users, settings: this.#settings })
    return () => {
      this.#settings = settings
      this.#users = users
      this.pending.apply(settings.pending)
      this.admission.apply(this.#admitted(settings))
    }
  }

  #admitted({ maintenance, sessions, perAddress }: AccessSettings) {
    return { users: this.#users, maintenance, sessions, perAddress }
  }

  #noticed(event: 'quota_exceeded' | 'addresses_exceeded', { name }: User): void {
    const { counters, log, unixSeconds } = this.#dependencies
    if (event === 'quota_exceeded') counters.quotaExceeded.add(1)
    else counters.addressesExceeded.add(1)
    const now = unixSeconds()
    const key = `${event} ${name}`
    if (now - (this.#logged.get(key) ?? 0) < LOG_AGAIN_SECONDS) return
    this.#logged.set(key, now)
    log.info(event === 'quota_exceeded' ? 'quota used up' : 'more addresses than allowed', { user: name })
  }
}

interface Before {
  readonly users: Users
  readonly settings: AccessSettings
}

function usersOf({ users, places, leaving }: AccessSettings, before?: Before): Users {
  const isSame = (name: string) =>
    before?.settings.leaving.get(name) === leaving.get(name) &&
    isDeepStrictEqual(before?.settings.users[name], users[name])
  const settings = Object.entries(users).map(([name, user]) => ({
    name,
    secret: user.secret,
    enabled: user.enabled,
    domain: user.domain,
    adTag: user.ad_tag,
    leavesAt: leaving.get(name),
    upstreams: user.upstream,
    previous: user.previous.map(({ secret, until }) => ({ secret, until: Math.ceil(until / 1000) })),
    limits: limitsOf(user, (networks) => new CidrSet(networks)),
  }))
  return new Users(settings, places, (name) => (isSame(name) ? before?.users.named(name) : undefined))
}

/** Every thread counts from its own start, all of them on the one monotonic clock of the system. */
export function sharedMicros(now: () => number): () => number {
  const offset = Number(process.hrtime.bigint() / 1000n) - now() * 1000
  return () => now() * 1000 + offset
}
