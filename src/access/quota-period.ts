const DAY = 86_400
const DAYS_IN_WEEK = 7
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4

export type QuotaPeriod =
  /** Begins on `resetDay` (1 to 31) of every month, or on its last day where it is shorter. */
  | { readonly kind: 'month'; readonly resetDay: number }
  /** Begins on `resetDay` of every week, Monday = 1. */
  | { readonly kind: 'week'; readonly resetDay: number }
  | { readonly kind: 'day' }
  /** One period, for ever. */
  | { readonly kind: 'never' }
  /** Follows itself, counted from the user's first use: a span that was paid for begins when it is first used. */
  | { readonly kind: 'span'; readonly seconds: number }

export interface PeriodClock {
  readonly nowSeconds: number
  /** To add to UTC: where days begin. */
  readonly offsetSeconds: number
  /** The user's first use; 0 while there was none. */
  readonly firstSeen: number
}

/** The Unix second at which the period that holds `nowSeconds` began; 0: before any. */
export function periodStart(period: QuotaPeriod, clock: PeriodClock): number {
  const { nowSeconds, offsetSeconds, firstSeen } = clock
  const today = Math.floor((nowSeconds + offsetSeconds) / DAY)
  switch (period.kind) {
    case 'never':
      return 0
    case 'span':
      return firstSeen === 0 || nowSeconds < firstSeen
        ? firstSeen
        : nowSeconds - ((nowSeconds - firstSeen) % period.seconds)
    case 'day':
      return today * DAY - offsetSeconds
    case 'week':
      return (today - daysSince(weekday(today), period.resetDay)) * DAY - offsetSeconds
    case 'month':
      return monthStart(today, period.resetDay) * DAY - offsetSeconds
  }
}

function weekday(day: number): number {
  return ((day + EPOCH_WEEKDAY - 1) % DAYS_IN_WEEK) + 1
}

function daysSince(weekdayNow: number, resetDay: number): number {
  return (weekdayNow - resetDay + DAYS_IN_WEEK) % DAYS_IN_WEEK
}

/** Days since 1970. */
function monthStart(today: number, resetDay: number): number {
  const date = new Date(today * DAY * 1000)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const thisMonth = dayOfMonth(year, month, resetDay)
  return thisMonth <= today ? thisMonth : dayOfMonth(year, month - 1, resetDay)
}

function dayOfMonth(year: number, month: number, day: number): number {
  // Day 0 of the next month is the last of this one.
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day, last)) / 1000 / DAY
}
