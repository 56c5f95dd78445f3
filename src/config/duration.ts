import { bad, good, type Parsed } from './parsed.ts'

const MILLISECONDS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

const SHAPE = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)$/

/** `"500us"`, `"30s"`, `"10m"`, `"30d"` → milliseconds. One number, one unit: us ms s m h d w y. */
export function parseDuration(text: string): Parsed<number> {
  const match = SHAPE.exec(text.trim())
  if (match === null) return bad(`${JSON.stringify(text)} is not a duration such as "30s", "10m" or "30d"`)
  const [, amount = '', unit = ''] = match
  if (unit === '') return bad(`${JSON.stringify(text)} lacks a unit: write "${amount}s" for seconds`)
  const factor = Object.hasOwn(MILLISECONDS, unit) ? MILLISECONDS[unit] : undefined
  if (factor === undefined)
    return bad(`${JSON.stringify(unit)} is not a unit of time (us, ms, s, m, h, d, w, y)`)
  // Rounded to the microsecond, the smallest unit there is: 0.3 · 0.001 leaves a binary tail otherwise.
  return good(Math.round(Number(amount) * factor * 1000) / 1000)
}

const LADDER = ['y', 'd', 'h', 'm', 's', 'ms', 'us'] as const

/** Milliseconds → the shortest text that `parseDuration` reads back as the same number. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s'
  for (const unit of LADDER) {
    const count = unit === 'us' ? Math.round(milliseconds * 1000) : milliseconds / (MILLISECONDS[unit] ?? 1)
    if (Number.isInteger(count)) return `${count}${unit}`
  }
  return `${milliseconds}ms`
}
