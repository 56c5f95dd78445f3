import type {
  DayUsage,
  PeriodQuestion,
  PeriodUsage,
  StoredUsage,
  UsageBatch,
  UsageStore,
  UserTotals,
} from './store.ts'

const DAY_SECONDS = 86_400

/** Usage that lives as long as the process: what is kept while the disk takes nothing. */
export class MemoryStore implements UsageStore {
  readonly #users = new Map<string, UserTotals>()
  readonly #days = new Map<number, Map<string, DayUsage>>()
  readonly #periods = new Map<string, Map<number, PeriodUsage>>()

  get isEmpty(): boolean {
    return this.#users.size === 0 && this.#days.size === 0 && this.#periods.size === 0
  }

  /** All of it, to be written somewhere else. */
  contents(): UsageBatch {
    return {
      users: [...this.#users.values()],
      days: [...this.#days.values()].flatMap((day) => [...day.values()]),
      periods: [...this.#periods.values()].flatMap((periods) => [...periods.values()]),
    }
  }

  clear(): void {
    this.#users.clear()
    this.#days.clear()
    this.#periods.clear()
  }

  async load(today: number): Promise<StoredUsage> {
    return {
      users: [...this.#users.values()],
      days: [...(this.#days.get(today)?.values() ?? [])],
      provisional: false,
    }
  }

  async periodUsage(questions: readonly PeriodQuestion[]): Promise<PeriodUsage[]> {
    return questions.map(({ name, start, firstDay }) => {
      const kept = this.#periods.get(name)?.get(start)
      if (kept) return kept
      const sum = { name, start, up: 0, down: 0 }
      for (const [day, users] of this.#days) {
        const used = day >= firstDay ? users.get(name) : undefined
        sum.up += used?.up ?? 0
        sum.down += used?.down ?? 0
      }
      return sum
    })
  }

  async write({ users, days, periods }: UsageBatch): Promise<void> {
    for (const user of users) this.#users.set(user.name, user)
    for (const day of days) inner(this.#days, day.day).set(day.name, day)
    for (const period of periods) inner(this.#periods, period.name).set(period.start, period)
  }

  async history(name: string, first: number, last: number): Promise<DayUsage[]> {
    return [...this.#days]
      .filter(([day]) => day >= first && day <= last)
      .sort(([a], [b]) => a - b)
      .flatMap(([, users]) => users.get(name) ?? [])
  }

  async prune(firstDay: number): Promise<void> {
    for (const day of this.#days.keys()) if (day < firstDay) this.#days.delete(day)
    for (const periods of this.#periods.values()) {
      const latest = Math.max(...periods.keys())
      for (const start of periods.keys()) {
        if (start < firstDay * DAY_SECONDS && start !== latest) periods.delete(start)
      }
    }
  }

  async close(): Promise<void> {}
}

function inner<K, L, V>(outer: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = outer.get(key)
  if (known) return known
  const made = new Map<L, V>()
  outer.set(key, made)
  return made
}
