/**
 * The port behind which usage outlives the process. Every number in it is absolute, never a difference: writing twice what
 * was written already changes nothing, so that a lost answer or a crash can count nothing twice.
 */

export type StoreErrorCode =
  | 'full'
  | 'read_only'
  | 'corrupt'
  | 'newer_schema'
  | 'busy'
  /** The file cannot be opened, read or written for another reason; the fields say which. */
  | 'unavailable'
  /** Whoever holds the store has not answered in time. */
  | 'not_answering'

export class StoreError extends Error {
  readonly code: StoreErrorCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: StoreErrorCode, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'StoreError'
    this.code = code
    this.fields = fields
  }
}

/** All that was ever counted of a user. Users are known by name: a new secret does not begin a new account. Times are Unix seconds, 0 for never. */
export interface UserTotals {
  readonly name: string
  /** Bytes of client payload. */
  readonly up: number
  readonly down: number
  readonly sessions: number
  readonly firstSeen: number
  readonly lastSeen: number
  /** Where the last session came in: the address of the listener, the domain of the site. Empty: unknown. */
  readonly listener: string
  readonly domain: string
}

export interface DayUsage {
  readonly name: string
  /** Days since 1970-01-01 in the configured offset. */
  readonly day: number
  readonly up: number
  readonly down: number
  readonly sessions: number
}

/** A quota's period: what was used since its start (Unix seconds). */
export interface PeriodUsage {
  readonly name: string
  readonly start: number
  readonly up: number
  readonly down: number
}

export interface UsageBatch {
  readonly users: readonly UserTotals[]
  readonly days: readonly DayUsage[]
  readonly periods: readonly PeriodUsage[]
}

export interface StoredUsage {
  readonly users: readonly UserTotals[]
  /** Of the day that was asked for. */
  readonly days: readonly DayUsage[]
  /** True when it may lack the latest writes, because the file could only be looked at. */
  readonly provisional: boolean
}

export interface PeriodQuestion {
  readonly name: string
  readonly start: number
  /** The first day that lies wholly in the period: its days answer for a period that was not kept as one. */
  readonly firstDay: number
}

/** Every method rejects with StoreError. */
export interface UsageStore {
  load(today: number): Promise<StoredUsage>
  /** In the order of the questions. */
  periodUsage(questions: readonly PeriodQuestion[]): Promise<PeriodUsage[]>
  /** All or nothing. */
  write(batch: UsageBatch): Promise<void>
  /** The days of one user from `first` to `last`, both included, in order; a day without usage is absent. */
  history(name: string, first: number, last: number): Promise<DayUsage[]>
  /** Forgets earlier days, and periods that began before it and were followed by another. Totals stay. */
  prune(firstDay: number): Promise<void>
  close(): Promise<void>
}
