import type { UsageRows, UsageSums } from '../access/usage-rows.ts'
import type { StoreHealth } from '../state/resilient-store.ts'
import type {
  DayUsage,
  PeriodQuestion,
  PeriodUsage,
  StoredUsage,
  StoreError,
  UsageBatch,
  UsageStore,
  UserTotals,
} from '../state/store.ts'

const DAY_SECONDS = 86_400
/**
 * Twice a second: with the workers' folds (every fifth of one) and the write itself, what a killed process forgets stays
 * below a second.
 */
export const KEEP_MILLISECONDS = 500
/** Between two tries to read what earlier runs have left. */
const LOAD_AGAIN_SECONDS = 5
/** Between two tries to read what earlier runs have left of users who were added. */
const RECALL_MILLISECONDS = 2000
/** Rows of days and periods that are over and wait for a disk that hangs. */
const MAX_CLOSED_ROWS = 200_000

export interface UsageKeeperOptions {
  /** Names in the order of their places in shared memory. More may follow at its end: `follow` says so. */
  readonly users: readonly string[]
  /** Addresses of the listeners and domains of the sites, by number; may grow too. */
  readonly listeners: readonly string[]
  readonly sites: readonly string[]
  readonly utcOffsetSeconds: number
  readonly historyDays: number
}

export interface UsageKeeperDependencies {
  readonly rows: UsageRows
  readonly store: UsageStore & { readonly health: Pick<StoreHealth, 'degraded' | 'generation'> }
  unixSeconds(): number
  /** When the quota period of a user began, Unix seconds; undefined: the user has no quota; 0: it never ends. */
  periodStart(user: number, nowSeconds: number): number | undefined
  /** What earlier runs have left is known now (again, if it was known provisionally). */
  restored(): void
}

/** Of one quota period: what earlier runs used in it, and what this run had counted when it began. */
interface Period {
  start: number
  readonly stored: { up: number; down: number }
  readonly from: { up: number; down: number }
}

/**
 * Brings the usage of shared memory into the store, in absolute numbers: totals, today, and each quota's period. What an
 * earlier run left is the baseline of the shared rows; as long as that could not be read nothing is written, because
 * shared memory is all that is needed to write it later.
 */
export class UsageKeeper {
  readonly #options: UsageKeeperOptions
  readonly #dependencies: UsageKeeperDependencies
  readonly #places = new Map<string, number>()
  readonly #sums: UsageSums = { up: 0, down: 0, sessions: 0 }
  /** Three numbers a user, of this run: what is in the store, and what is on its way there. */
  readonly #saved: Float64Array
  readonly #sent: Float64Array
  /** The same at the begin of the day, and what earlier runs had counted of that day. */
  readonly #dayFrom: Float64Array
  readonly #dayStored: Float64Array
  readonly #periods = new Map<number, Period>()
  #closedDays: DayUsage[] = []
  #closedPeriods: PeriodUsage[] = []
  #day: number
  /** From this place on it is not known yet what earlier runs have left. */
  #unread = Number.POSITIVE_INFINITY
  #state: 'unread' | 'provisional' | 'read' = 'unread'
  #generation = 0
  #readAt = Number.NEGATIVE_INFINITY
  #busy: Promise<void> | undefined

  constructor(options: UsageKeeperOptions, dependencies: UsageKeeperDependencies) {
    this.#options = options
    this.#dependencies = dependencies
    const numbers = () => new Float64Array(Math.max(options.users.length, dependencies.rows.users) * 3)
    this.#saved = numbers()
    this.#sent = numbers()
    this.#dayFrom = numbers()
    this.#dayStored = numbers()
    this.#number()
    this.#day = this.#today()
  }

  /** Users have been added behind those that were known: what earlier runs have left of them is read. */
  follow(): void {
    const known = this.#places.size
    this.#number()
    if (this.#places.size > known && this.#state === 'read') void this.#recall(known)
  }

  #number(): void {
    const { users } = this.#options
    for (let user = this.#places.size; user < users.length; user++) this.#places.set(users[user]!, user)
  }

  /** Of the users from that place on. Until it is known what is kept of them, nothing of theirs is written over it. */
  async #recall(first: number): Promise<void> {
    this.#unread = Math.min(this.#unread, first)
    const { store, restored } = this.#dependencies
    try {
      const stored = await store.load(this.#day)
      const isNew = ({ name }: { name: string }) => (this.#places.get(name) ?? -1) >= first
      this.#takeOver({ ...stored, users: stored.users.filter(isNew), days: stored.days.filter(isNew) })
      const asked = this.#periodQuestions().filter(isNew)
      this.#takeOverPeriods(await store.periodUsage(asked))
      this.#unread = Number.POSITIVE_INFINITY
      restored()
    } catch {
      setTimeout(() => void this.#recall(first), RECALL_MILLISECONDS).unref()
    }
  }

  /**
   * Reads what earlier runs have left. A store that cannot be read now is tried again by `tick`.
   * @throws StoreError newer_schema
   */
  async load(): Promise<void> {
    const { store, unixSeconds } = this.#dependencies
    this.#readAt = unixSeconds()
    this.#number()
    try {
      const stored = await store.load(this.#day)
      this.#dayStored.fill(0)
      this.#takeOver(stored)
      // A period may begin with the user's first use, which is known only now.
      this.#takeOverPeriods(await store.periodUsage(this.#periodQuestions()))
      this.#state = stored.provisional ? 'provisional' : 'read'
      this.#generation = store.health.generation
      this.#dependencies.restored()
      if (this.#state === 'read') await store.prune(this.#day - this.#options.historyDays)
    } catch (error) {
      if ((error as StoreError).code === 'newer_schema') throw error
    }
  }

  /** What a user has used of the quota's present period, this run included. */
  periodUsage(user: number): { up: number; down: number } {
    const start = this.#dependencies.periodStart(user, this.#dependencies.unixSeconds())
    if (start === 0) {
      const { up, down } = this.#dependencies.rows.read(user)
      return { up, down }
    }
    const period = this.#periods.get(user)
    const { rows } = this.#dependencies
    rows.readThisRun(user, this.#sums)
    if (!period || period.start !== start) return { up: 0, down: 0 }
    return {
      up: period.stored.up + this.#sums.up - period.from.up,
      down: period.stored.down + this.#sums.down - period.from.down,
    }
  }

  /** Call it every `KEEP_MILLISECONDS`. */
  tick(): void {
    if (this.#state === 'read') this.#turnDay()
    if (this.#busy) return
    this.#busy = this.#work().finally(() => {
      this.#busy = undefined
    })
  }

  /** Everything counted so far is in the store when it resolves, if the store takes it. */
  async flush(): Promise<void> {
    await this.#busy
    await this.#work()
  }

  async #work(): Promise<void> {
    if (this.#state !== 'read') {
      if (this.#dependencies.unixSeconds() - this.#readAt < LOAD_AGAIN_SECONDS) return
      await this.load().catch(() => {})
      return
    }
    await this.#write()
  }

  async #write(): Promise<void> {
    const { store } = this.#dependencies
    const batch = this.#collect()
    const nothing = batch.users.length === 0 && batch.days.length === 0 && batch.periods.length === 0
    // A store that keeps things in memory tries its disk again when it is asked.
    if (nothing && !store.health.degraded) return
    const closed = { days: this.#closedDays, periods: this.#closedPeriods }
    this.#closedDays = []
    this.#closedPeriods = []
    try {
      await store.write(batch)
      this.#saved.set(this.#sent)
      if (store.health.generation !== this.#generation) this.#writeAllAgain()
    } catch {
      // The store's health tells; shared memory still has every number but those of days and periods that are over.
      this.#closedDays = [...closed.days, ...this.#closedDays].slice(-MAX_CLOSED_ROWS)
      this.#closedPeriods = [...closed.periods, ...this.#closedPeriods].slice(-MAX_CLOSED_ROWS)
    }
  }

  /** A new file knows nothing of what was written into the last one. */
  #writeAllAgain(): void {
    this.#generation = this.#dependencies.store.health.generation
    this.#saved.fill(-1)
  }

  /** Rows for every user who has moved since the last write. */
  #collect(): UsageBatch {
    const users: UserTotals[] = []
    const days: DayUsage[] = []
    const periods: PeriodUsage[] = []
    const known = Math.min(this.#places.size, this.#unread)
    for (let user = 0; user < known; user++) {
      if (!this.#moved(user)) continue
      const period = this.#period(user)
      this.#remember(this.#sent, user)
      const totals = this.#totals(user)
      // After a damaged file even those are written who did nothing in this run, unless they never did anything.
      if (totals.firstSeen === 0) continue
      users.push(totals)
      const day = this.#dayRow(user)
      if (day.up + day.down + day.sessions > 0) days.push(day)
      if (period) periods.push(period)
    }
    return {
      users,
      days: [...this.#closedDays, ...days],
      periods: [...this.#closedPeriods, ...periods],
    }
  }

  /** Leaves the user's present sums in `#sums`. */
  #moved(user: number): boolean {
    const saved = this.#saved
    const sums = this.#sums
    const at = user * 3
    this.#dependencies.rows.readThisRun(user, sums)
    return sums.up !== saved[at] || sums.down !== saved[at + 1] || sums.sessions !== saved[at + 2]
  }

  #remember(numbers: Float64Array, user: number): void {
    const at = user * 3
    numbers[at] = this.#sums.up
    numbers[at + 1] = this.#sums.down
    numbers[at + 2] = this.#sums.sessions
  }

  #totals(user: number): UserTotals {
    const { listener, site, ...usage } = this.#dependencies.rows.read(user)
    return {
      ...usage,
      name: this.#options.users[user]!,
      listener: listener === undefined ? '' : (this.#options.listeners[listener] ?? ''),
      domain: site === undefined ? '' : (this.#options.sites[site] ?? ''),
    }
  }

  #dayRow(user: number): DayUsage {
    const at = user * 3
    const [from, stored, sums] = [this.#dayFrom, this.#dayStored, this.#sums]
    return {
      name: this.#options.users[user]!,
      day: this.#day,
      up: stored[at]! + sums.up - from[at]!,
      down: stored[at + 1]! + sums.down - from[at + 1]!,
      sessions: stored[at + 2]! + sums.sessions - from[at + 2]!,
    }
  }

  /** The row of the present period. What was counted since the last look belongs to the new one where it has turned. */
  #period(user: number): PeriodUsage | undefined {
    const { periodStart, unixSeconds } = this.#dependencies
    const start = periodStart(user, unixSeconds())
    if (start === undefined || start === 0) return undefined
    let period = this.#periods.get(user)
    if (period?.start !== start) {
      const at = user * 3
      const from = { up: this.#sent[at]!, down: this.#sent[at + 1]! }
      if (period) this.#closedPeriods.push(this.#periodRow(user, period, from))
      period = { start, stored: { up: 0, down: 0 }, from }
      this.#periods.set(user, period)
    }
    return this.#periodRow(user, period, this.#sums)
  }

  #periodRow(user: number, { start, stored, from }: Period, sums: { up: number; down: number }): PeriodUsage {
    return {
      name: this.#options.users[user]!,
      start,
      up: stored.up + sums.up - from.up,
      down: stored.down + sums.down - from.down,
    }
  }

  /** The last rows of a day that is over wait until the store has them. */
  #turnDay(): void {
    const today = this.#today()
    if (today === this.#day) return
    for (let user = 0; user < this.#places.size; user++) {
      if (this.#moved(user)) this.#closedDays.push(this.#dayRow(user))
      this.#remember(this.#dayFrom, user)
    }
    this.#dayStored.fill(0)
    this.#day = today
    void this.#dependencies.store.prune(today - this.#options.historyDays).catch(() => {})
  }

  #today(): number {
    return Math.floor((this.#dependencies.unixSeconds() + this.#options.utcOffsetSeconds) / DAY_SECONDS)
  }

  #periodQuestions(): PeriodQuestion[] {
    const { periodStart, unixSeconds } = this.#dependencies
    const { users, utcOffsetSeconds } = this.#options
    return users.flatMap((name, user) => {
      const start = periodStart(user, unixSeconds())
      if (start === undefined || start === 0) return []
      return [{ name, start, firstDay: Math.ceil((start + utcOffsetSeconds) / DAY_SECONDS) }]
    })
  }

  #takeOver(stored: StoredUsage): void {
    const { listeners, sites } = this.#options
    const places = this.#places
    for (const { name, listener, domain, ...usage } of stored.users) {
      const user = places.get(name)
      if (user === undefined) continue
      this.#dependencies.rows.setBaseline(user, {
        ...usage,
        listener: numberIn(listeners, listener),
        site: numberIn(sites, domain),
      })
    }
    for (const { name, up, down, sessions } of stored.days) {
      const user = places.get(name)
      if (user !== undefined) this.#dayStored.set([up, down, sessions], user * 3)
    }
  }

  #takeOverPeriods(periods: readonly PeriodUsage[]): void {
    for (const { name, start, up, down } of periods) {
      const user = this.#places.get(name)!
      const from = this.#periods.get(user)?.from ?? { up: 0, down: 0 }
      this.#periods.set(user, { start, stored: { up, down }, from })
    }
  }
}

function numberIn(names: readonly string[], name: string): number | undefined {
  const at = names.indexOf(name)
  return at < 0 ? undefined : at
}
