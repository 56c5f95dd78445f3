/** Numbers of a user in a row: 64 bytes, so that two users never share a cache line. */
const FIELDS = 8
const UP = 0
const DOWN = 1
const SESSIONS = 2
const FIRST_SEEN = 3
const LAST_SEEN = 4
/** In milliseconds: of two sessions of one second, in two rows, the later one is the last. */
const LAST_OPENED = 5
/** Numbers of listener and site of the last session, plus 1; 0: none yet. */
const LISTENER = 6
const SITE = 7

/** Before this row stands what was known from earlier runs; it is written at the start only. */
const BASELINE = 0

/** What is known of one user. Bytes are the client's payload, times Unix seconds, 0 for never. */
export interface UserUsage {
  readonly up: number
  readonly down: number
  /** Sessions that were opened. */
  readonly sessions: number
  readonly firstSeen: number
  readonly lastSeen: number
  /** By number, as configured; undefined where unknown. */
  readonly listener: number | undefined
  readonly site: number | undefined
}

/** The sums that only grow. */
export interface UsageSums {
  up: number
  down: number
  sessions: number
}

/**
 * The usage of every user in shared memory: one row a worker, which alone writes to it, so that plain stores suffice and
 * nothing is lost when a worker dies; its replacement goes on in the same row. Readers sum the rows.
 */
export class UsageRows {
  /** @param rows workers + 1 */
  static bytes(users: number, rows: number): number {
    return Math.max(1, users) * rows * FIELDS * Float64Array.BYTES_PER_ELEMENT
  }

  readonly users: number
  readonly #numbers: Float64Array
  readonly #rows: number

  constructor(shared: SharedArrayBuffer, rows: number) {
    this.#numbers = new Float64Array(shared)
    this.#rows = rows
    this.users = Math.floor(this.#numbers.length / rows / FIELDS)
  }

  /** @param worker from 1 */
  row(worker: number): UsageRow {
    const length = this.users * FIELDS
    return new UsageRow(this.#numbers.subarray(worker * length, (worker + 1) * length))
  }

  /** All that this and earlier runs have counted. */
  read(user: number): UserUsage {
    const numbers = this.#numbers
    let [up, down, sessions, firstSeen, lastSeen, newest, latest] = [0, 0, 0, 0, 0, -1, 0]
    for (let row = 0; row < this.#rows; row++) {
      const at = this.#at(row, user)
      up += numbers[at + UP]!
      down += numbers[at + DOWN]!
      sessions += numbers[at + SESSIONS]!
      const first = numbers[at + FIRST_SEEN]!
      if (first > 0 && (firstSeen === 0 || first < firstSeen)) firstSeen = first
      lastSeen = Math.max(lastSeen, numbers[at + LAST_SEEN]!)
      const opened = numbers[at + LAST_OPENED]!
      if (opened > newest) {
        newest = opened
        latest = at
      }
    }
    const [listener, site] = [numbers[latest + LISTENER]!, numbers[latest + SITE]!]
    return {
      up,
      down,
      sessions,
      firstSeen,
      lastSeen,
      listener: listener > 0 ? listener - 1 : undefined,
      site: site > 0 ? site - 1 : undefined,
    }
  }

  /** What this run alone has counted; written into `sums`, because it is asked for every user twice a second. */
  readThisRun(user: number, sums: UsageSums): void {
    const numbers = this.#numbers
    let [up, down, sessions] = [0, 0, 0]
    for (let row = BASELINE + 1; row < this.#rows; row++) {
      const at = this.#at(row, user)
      up += numbers[at + UP]!
      down += numbers[at + DOWN]!
      sessions += numbers[at + SESSIONS]!
    }
    sums.up = up
    sums.down = down
    sums.sessions = sessions
  }

  /** What earlier runs have left; replaces what was set before. */
  setBaseline(user: number, usage: UserUsage): void {
    const at = this.#at(BASELINE, user)
    const numbers = this.#numbers
    numbers[at + UP] = usage.up
    numbers[at + DOWN] = usage.down
    numbers[at + SESSIONS] = usage.sessions
    numbers[at + FIRST_SEEN] = usage.firstSeen
    numbers[at + LAST_SEEN] = usage.lastSeen
    numbers[at + LAST_OPENED] = usage.sessions > 0 ? usage.firstSeen * 1000 : 0
    numbers[at + LISTENER] = (usage.listener ?? -1) + 1
    numbers[at + SITE] = (usage.site ?? -1) + 1
  }

  #at(row: number, user: number): number {
    return (row * this.users + user) * FIELDS
  }
}

/** One worker's own row. */
export class UsageRow {
  readonly #numbers: Float64Array

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  add(user: number, up: number, down: number, nowSeconds: number): void {
    const numbers = this.#numbers
    const at = user * FIELDS
    numbers[at + UP]! += up
    numbers[at + DOWN]! += down
    numbers[at + LAST_SEEN] = nowSeconds
  }

  /** @param place numbers of the listener and of the site, as configured */
  opened(user: number, nowMilliseconds: number, place: { listener: number; site: number }): void {
    const numbers = this.#numbers
    const at = user * FIELDS
    const nowSeconds = Math.floor(nowMilliseconds / 1000)
    numbers[at + SESSIONS]!++
    if (numbers[at + FIRST_SEEN] === 0) numbers[at + FIRST_SEEN] = nowSeconds
    numbers[at + LAST_SEEN] = nowSeconds
    numbers[at + LAST_OPENED] = nowMilliseconds
    numbers[at + LISTENER] = place.listener + 1
    numbers[at + SITE] = place.site + 1
  }
}
