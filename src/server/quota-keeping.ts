import { FirstSeen, type LimitsMemory } from '../access/limits-memory.ts'
import { periodStart } from '../access/quota-period.ts'
import { QuotaWords } from '../access/quota-words.ts'
import { limitsOf, type Quota } from '../access/user-limits.ts'
import type { UserPlaces } from '../access/users.ts'
import type { Config } from '../config/schema.ts'

/** A period begins this late at most. */
export const ROLL_MILLISECONDS = 250

/** What earlier runs know of a user. */
export interface EarlierUse {
  readonly firstSeen: number
  /** Bytes in the present period of the quota. */
  readonly used: number
}

/** The supervisor's part in quotas: begins their periods, and brings back what earlier runs have counted. */
export class QuotaKeeping {
  readonly #words: QuotaWords
  readonly #firstSeen: FirstSeen
  readonly #offsetSeconds: number
  readonly #unixSeconds: () => number
  #quotas = new Map<number, Quota>()
  #places: UserPlaces = new Map()

  constructor(
    memory: LimitsMemory,
    { offsetSeconds, unixSeconds }: { offsetSeconds: number; unixSeconds: () => number },
  ) {
    this.#words = new QuotaWords(memory.quota)
    this.#firstSeen = new FirstSeen(memory)
    this.#offsetSeconds = offsetSeconds
    this.#unixSeconds = unixSeconds
  }

  apply(users: Config['users'], places: UserPlaces): void {
    this.#places = places
    this.#quotas = new Map()
    for (const [name, user] of Object.entries(users)) {
      const place = places.get(name)
      const quota = limitsOf({ ...user, from: [] }, () => ({ has: () => true }))?.quota
      if (place !== undefined && quota) this.#quotas.set(place, quota)
    }
    this.roll()
  }

  /**
   * When the present period of a user's quota began, Unix seconds; 0: it never ends; undefined: there is none, or it begins
   * with the first use.
   */
  periodStart(user: number, nowSeconds: number, firstSeen = 0): number | undefined {
    const quota = this.#quotas.get(user)
    if (!quota) return undefined
    const since = this.#firstSeen.of(user) || firstSeen
    if (quota.period.kind === 'span' && since === 0) return undefined
    return periodStart(quota.period, { nowSeconds, offsetSeconds: this.#offsetSeconds, firstSeen: since })
  }

  /** Call it every `ROLL_MILLISECONDS`. */
  roll(): void {
    const now = this.#unixSeconds()
    for (const user of this.#quotas.keys()) {
      const start = this.periodStart(user, now)
      if (start !== undefined) this.#words.begin(user, start)
    }
  }

  /** What earlier runs have left is known; may come again with more. */
  restore(read: (user: number) => EarlierUse): void {
    const now = this.#unixSeconds()
    for (const user of this.#places.values()) {
      const { firstSeen } = read(user)
      this.#firstSeen.restore(user, firstSeen)
    }
    for (const user of this.#quotas.keys()) {
      const start = this.periodStart(user, now)
      if (start === undefined) continue
      this.#words.begin(user, start)
      this.#words.raise(user, read(user).used)
    }
  }
}
