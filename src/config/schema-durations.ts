import { z } from 'zod'
import { formatDuration, parseDuration } from './duration.ts'
import { bad, type Parsed } from './parsed.ts'
import { wrongType } from './wrong-type.ts'

/** As the file writes them. */
interface Bounds {
  readonly min: string
  readonly max: string
}

interface Span {
  readonly min: number
  readonly max: number
}

/** A duration in milliseconds within bounds. */
export function duration(bounds: Bounds) {
  const span = spanOf(bounds)
  return z.string({ error: ({ input }) => noText(input, span) }).transform((value, context): number => {
    const parsed = within(span, parseDuration(value))
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.message })
    return z.NEVER
  })
}

/** The same, or a word that stands for none or for whatever is best. */
export function durationOr<const W extends string>(word: W, bounds: Bounds) {
  const span = spanOf(bounds)
  const quoted = JSON.stringify(word)
  return z.union([z.literal(word), duration(bounds)], {
    error: ({ input }) => {
      const parsed = typeof input === 'string' ? within(span, parseDuration(input)) : undefined
      return parsed?.ok === false ? `${parsed.message}, or ${quoted}` : noText(input, span, `${quoted} or `)
    },
  })
}

/** Seconds are what a bare number mostly means; what would be refused all the same is not proposed. */
function noText(input: unknown, { min, max }: Span, either = ''): string {
  const meant = typeof input === 'number' ? input * 1000 : Number.NaN
  return meant >= min && meant <= max
    ? `lacks a unit: write "${String(input)}s"`
    : wrongType(input, `${either}a duration from ${formatDuration(min)} to ${formatDuration(max)}`)
}

function within({ min, max }: Span, parsed: Parsed<number>): Parsed<number> {
  if (!parsed.ok) return parsed
  if (parsed.value < min) return bad(`at least ${formatDuration(min)} is needed`)
  return parsed.value > max ? bad(`at most ${formatDuration(max)} is possible`) : parsed
}

function spanOf({ min, max }: Bounds): Span {
  return { min: milliseconds(min), max: milliseconds(max) }
}

function milliseconds(bound: string): number {
  const parsed = parseDuration(bound)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.value
}
