import { z } from 'zod'
import { formatDuration, parseDuration } from './duration.ts'
import { bad, type Parsed } from './parsed.ts'
import { parseRate, parseSize } from './size.ts'

/** What the documentation calls the form of a key's value. */
export const forms = z.registry<{ form: string }>()

export function describe<S extends z.ZodType>(schema: S, form: string, description: string): S {
  const described = schema.meta({ description })
  forms.add(described, { form })
  return described
}

/** Text that a value parser turns into its value. */
export function text<T>(parse: (value: string) => Parsed<T>, missing = 'missing') {
  const error = (issue: { input?: unknown }) =>
    issue.input === undefined ? missing : wrongType(issue.input, 'text')
  return z.string({ error }).transform((value, context): T => {
    const parsed = parse(value)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.message })
    return z.NEVER
  })
}

/** Text as it stands; not empty unless that is allowed. */
export function word(options: { empty?: boolean } = {}) {
  const error = (issue: { input?: unknown }) => wrongType(issue.input, 'text')
  const schema = z.string({ error })
  return options.empty === true ? schema : schema.min(1, 'must not be empty')
}

/** A duration in milliseconds within bounds that are written as the file writes them. */
export function duration(bounds: { min: string; max: string }) {
  const min = milliseconds(bounds.min)
  const max = milliseconds(bounds.max)
  const error = (issue: { input?: unknown }) =>
    typeof issue.input === 'number'
      ? `lacks a unit: write "${issue.input}s"`
      : wrongType(issue.input, 'a duration such as "30s"')
  return z.string({ error }).transform((value, context): number => {
    const parsed = parseDuration(value)
    const message = parsed.ok ? outside(parsed.value, min, max) : parsed.message
    if (parsed.ok && message === undefined) return parsed.value
    context.addIssue({ code: 'custom', message: message ?? '' })
    return z.NEVER
  })
}

function outside(value: number, min: number, max: number): string | undefined {
  if (value < min) return `at least ${formatDuration(min)} is needed`
  if (value > max) return `at most ${formatDuration(max)} is possible`
  return undefined
}

function milliseconds(bound: string): number {
  const parsed = parseDuration(bound)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.value
}

/** Bytes, at least `least` (as the file writes it). */
export function size(least: string) {
  return text((value) => atLeast(parseSize(value), least, parseSize))
}

/** Bytes a second, at least `least` (as the file writes it). */
export function rate(least: string) {
  return text((value) => atLeast(parseRate(value), least, parseRate))
}

function atLeast(
  parsed: Parsed<number>,
  least: string,
  parse: (text: string) => Parsed<number>,
): Parsed<number> {
  const bound = parse(least)
  if (!bound.ok) throw new TypeError(bound.message)
  return parsed.ok && parsed.value < bound.value ? bad(`at least ${least} is needed`) : parsed
}

export function whole(min: number, max: number) {
  return z
    .int({ error: (issue) => wrongType(issue.input, 'a whole number') })
    .min(min, `at least ${min} is needed`)
    .max(max, `at most ${max} is possible`)
}

export function yesNo() {
  return z.boolean({ error: (issue) => wrongType(issue.input, 'true or false') })
}

export function oneOf<const T extends readonly string[]>(values: T) {
  const choices = values.map((value) => JSON.stringify(value)).join(', ')
  return z.enum(values, { error: (issue) => `expected one of ${choices}, got ${shown(issue.input)}` })
}

export function list<S extends z.ZodType>(element: S) {
  return z.array(element, { error: (issue) => wrongType(issue.input, 'a list') })
}

function wrongType(input: unknown, expected: string): string {
  return input === undefined ? 'missing' : `expected ${expected}, got ${shown(input)}`
}

function shown(input: unknown): string {
  if (typeof input === 'string') return JSON.stringify(input.length > 60 ? `${input.slice(0, 57)}…` : input)
  if (typeof input === 'number' || typeof input === 'boolean') return String(input)
  if (Array.isArray(input)) return 'a list'
  return input instanceof Date ? 'a date' : 'a table'
}
