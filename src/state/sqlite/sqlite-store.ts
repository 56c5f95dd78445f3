import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type {
  DayUsage,
  PeriodQuestion,
  PeriodUsage,
  StoredUsage,
  UsageBatch,
  UsageStore,
  UserTotals,
} from '../store.ts'
import { closeQuietly } from './open-database.ts'
import { storeError } from './sqlite-error.ts'

const DAY_SECONDS = 86_400

/** Usage in one SQLite file. Everything in here is synchronous: it belongs into a thread of its own. */
export class SqliteStore implements UsageStore {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #provisional: boolean
  readonly #ids = new Map<string, number>()
  readonly #statements = new Map<string, StatementSync>()

  /** @param provisional the database can only be looked at, and may lack the latest writes */
  constructor(database: DatabaseSync, path: string, provisional = false) {
    this.#database = database
    this.#path = path
    this.#provisional = provisional
  }

  load(today: number): Promise<StoredUsage> {
    return this.#guarded(() => ({
      users: this.#all<UserTotals>(
        `SELECT name, up, down, sessions, first_seen AS firstSeen, last_seen AS lastSeen, listener, domain
         FROM user`,
      ),
      days: this.#all<DayUsage>(
        `SELECT name, day, day.up, day.down, day.sessions FROM day JOIN user ON user.id = day.user
         WHERE day = ?`,
        today,
      ),
      provisional: this.#provisional,
    }))
  }

  periodUsage(questions: readonly PeriodQuestion[]): Promise<PeriodUsage[]> {
    return this.#guarded(() => questions.map((question) => this.#period(question)))
  }

  write({ users, days, periods }: UsageBatch): Promise<void> {
    return this.#guarded(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        for (const user of users) this.#writeUser(user)
        for (const { name, day, up, down, sessions } of days) {
          this.#run(
            `INSERT INTO day (day, user, up, down, sessions) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET up = excluded.up, down = excluded.down, sessions = excluded.sessions`,
            day,
            this.#idOf(name),
            up,
            down,
            sessions,
          )
        }
        for (const { name, start, up, down } of periods) {
          this.#run(
            `INSERT INTO period (start, user, up, down) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET up = excluded.up, down = excluded.down`,
            start,
            this.#idOf(name),
            up,
            down,
          )
        }
        this.#database.exec('COMMIT')
      } catch (error) {
        // Those of users who were made in this transaction are void.
        this.#ids.clear()
        this.#rollBack()
        throw error
      }
    })
  }

  history(name: string, first: number, last: number): Promise<DayUsage[]> {
    return this.#guarded(() => this.#days(name, first, last))
  }

  prune(firstDay: number): Promise<void> {
    return this.#guarded(() => {
      this.#run('DELETE FROM day WHERE day < ?', firstDay)
      this.#run(
        `DELETE FROM period WHERE start < ?
         AND EXISTS (SELECT 1 FROM period AS later WHERE later.user = period.user AND later.start > period.start)`,
        firstDay * DAY_SECONDS,
      )
    })
  }

  async close(): Promise<void> {
    this.#statements.clear()
    closeQuietly(this.#database)
  }

  #writeUser({ name, up, down, sessions, firstSeen, lastSeen, listener, domain }: UserTotals): void {
    this.#run(
      `INSERT INTO user (name, up, down, sessions, first_seen, last_seen, listener, domain)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET up = excluded.up, down = excluded.down, sessions = excluded.sessions,
         first_seen = excluded.first_seen, last_seen = excluded.last_seen,
         listener = excluded.listener, domain = excluded.domain`,
      name,
      up,
      down,
      sessions,
      firstSeen,
      lastSeen,
      listener,
      domain,
    )
  }

  /** The days are asked for one by one: the key begins with them, so each is one look-up, and there are some hundreds at most. */
  #days(name: string, first: number, last: number): DayUsage[] {
    return this.#all<DayUsage>(
      `WITH RECURSIVE wanted (day) AS (
         SELECT max(?, (SELECT min(day) FROM day))
         UNION ALL
         SELECT day + 1 FROM wanted WHERE day < min(?, (SELECT max(day) FROM day))
       )
       SELECT user.name, day.day, day.up, day.down, day.sessions
       FROM wanted CROSS JOIN user CROSS JOIN day ON day.day = wanted.day AND day.user = user.id
       WHERE user.name = ? AND wanted.day <= ? ORDER BY day.day`,
      first,
      last,
      name,
      last,
    )
  }

  /** A day or period of a user who has no totals yet makes the user. */
  #idOf(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const find = () => this.#all<{ id: number }>('SELECT id FROM user WHERE name = ?', name)[0]?.id
    let id = find()
    if (id === undefined) {
      const nothing = { up: 0, down: 0, sessions: 0, firstSeen: 0, lastSeen: 0, listener: '', domain: '' }
      this.#writeUser({ name, ...nothing })
      id = find()!
    }
    this.#ids.set(name, id)
    return id
  }

  #period({ name, start, firstDay }: PeriodQuestion): PeriodUsage {
    const [kept] = this.#all<PeriodUsage>(
      `SELECT name, start, period.up, period.down FROM period JOIN user ON user.id = period.user
       WHERE name = ? AND start = ?`,
      name,
      start,
    )
    if (kept) return kept
    const sum = { up: 0, down: 0 }
    for (const { up, down } of this.#days(name, firstDay, Number.MAX_SAFE_INTEGER)) {
      sum.up += up
      sum.down += down
    }
    return { name, start, ...sum }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself where the disk was full.
    }
  }

  async #guarded<T>(act: () => T): Promise<T> {
    try {
      return act()
    } catch (error) {
      throw storeError(error, this.#path)
    }
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#statement(sql).run(...values)
  }

  /** Rows as plain objects: SQLite's own have no prototype, which a structured clone would give them anyway. */
  #all<T>(sql: string, ...values: (string | number)[]): T[] {
    const rows = this.#statement(sql).all(...values)
    return rows.map((row) => ({ ...row })) as T[]
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const made = this.#database.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }
}
