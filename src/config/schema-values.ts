import { z } from 'zod'
import { bad, good, type Parsed } from './parsed.ts'
import { parseRate, parseSize } from './size.ts'
import { shown, wrongType } from './wrong-type.ts'

/** What the documentation calls the form of a key's value. */
export const forms = z.registry<{ form: string }>()

export function describe<S extends z.ZodType>(schema: S, form: string, description: string): S {
  const described = schema.meta({ description })
  forms.add(described, { form })
  return described
}

/** Text that a value parser turns into its value. */
export function text<T>(parse: (value: string) => Parsed<T>, missing = 'missing') {
  const error = ({ input }: { input?: unknown }) => (input === undefined ? missing : noText(input, parse))
  return z.string({ error }).transform((value, context): T => {
    const parsed = parse(value)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.message })
    return z.NEVER
  })
}

/** What the text of a number would be told: mostly its quotes are missing. */
function noText(input: unknown, parse: (value: string) => Parsed<unknown>): string {
  if (typeof input !== 'number') return wrongType(input, 'text')
  // It is not what the file says any more, and that may have been a secret.
  if (Math.abs(input) > Number.MAX_SAFE_INTEGER || Number.isNaN(input))
    return 'expected text in quotes, got a number'
  const parsed = parse(String(input))
  return parsed.ok ? `${wrongType(input, 'text')}: write "${input}"` : parsed.message
}

/** Text as it stands; not empty unless that is allowed. */
export function word(options: { empty?: boolean } = {}) {
  const error = ({ input }: { input?: unknown }) => noText(input, good)
  const schema = z.string({ error })
  return options.empty === true ? schema : schema.min(1, 'must not be empty')
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
  return bounded(min, max, '')
}

/** The same, or a word that stands for none or for whatever is best. */
export function wholeOr<const W extends string>(choice: W, min: number, max: number) {
  const or = `, or ${JSON.stringify(choice)}`
  const number = bounded(min, max, or)
  return z.union([z.literal(choice), number], {
    error: ({ input }) =>
      noNumber(input, `${JSON.stringify(choice)} or a whole number from ${min} to ${max}`),
  })
}

function bounded(min: number, max: number, or: string) {
  return z
    .int({ error: ({ input }) => noNumber(input, 'a whole number') })
    .min(min, `at least ${min} is needed${or}`)
    .max(max, `at most ${max} is possible${or}`)
}

function noNumber(input: unknown, expected: string): string {
  const quoted = typeof input === 'string' && /^\d+$/.test(input)
  return wrongType(input, expected) + (quoted ? ' in quotes' : '')
}

export function yesNo() {
  return z.boolean({
    error: ({ input }) =>
      wrongType(input, 'true or false') + (input === 'true' || input === 'false' ? ' in quotes' : ''),
  })
}

export function oneOf<const T extends readonly string[]>(values: T) {
  const choices = values.map((value) => JSON.stringify(value)).join(', ')
  return z.enum(values, { error: (issue) => `expected one of ${choices}, got ${shown(issue.input)}` })
}

/** One that could be in it is proposed as a list of one. */
export function list<S extends z.ZodType>(element: S) {
  return z.array(element, {
    error: ({ input }) => {
      const alone = typeof input === 'string' && element.safeParse(input).success
      return wrongType(input, 'a list') + (alone ? `: write [${JSON.stringify(input)}]` : '')
    },
  })
}

/** What stands in its place is repeated only where no `example` is given: it may be a secret. */
export function table<S extends z.core.$ZodLooseShape>(shape: S, example?: string) {
  return z.strictObject(shape, {
    error: ({ input }) =>
      example === undefined || input === undefined
        ? wrongType(input, 'a table')
        : `expected a table such as ${example}`,
  })
}

/** `example`: how one of them begins. */
export function tables<S extends z.ZodType>(element: S, example: string) {
  const expected = `expected tables such as ${example}`
  return z.array(element, { error: ({ input }) => (input === undefined ? 'missing' : expected) })
}
