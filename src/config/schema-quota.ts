import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { describe, oneOf, rate, size, table, whole } from './schema-values.ts'

const SHORTEST_SPAN = 1000
const LONGEST_SPAN = 100 * 365 * 86_400_000
const NAMES = ['month', 'week', 'day', 'never'] as const
const DAYS_IN_WEEK = 7

const period = z
  .string({ error: 'expected "month", "week", "day", "never" or a duration such as "30d"' })
  .transform((value, context): (typeof NAMES)[number] | number => {
    const name = NAMES.find((each) => each === value)
    if (name !== undefined) return name
    const parsed = parseDuration(value)
    if (parsed.ok && parsed.value >= SHORTEST_SPAN && parsed.value <= LONGEST_SPAN) return parsed.value
    const message = parsed.ok
      ? 'a span of 1s to 100y is possible'
      : `expected "month", "week", "day", "never" or a duration such as "30d", got ${JSON.stringify(value)}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

/** `period` is a name, or the milliseconds of a span that begins anew from the first use. */
export const quota = describe(
  table(
    {
      bytes: describe(size('1 B'), 'size', 'Payload of the user, up plus down, in one period.'),
      period: describe(
        period.prefault('month'),
        'choice',
        '`month`, `week`, `day` (beginning as `usage.utc_offset` says), `never`, or a span such as `"30d"`, counted from the first use.',
      ),
      reset_day: describe(
        whole(1, 31).prefault(1),
        'number',
        'Day on which a month begins (beyond its end: its last day), or a week (Monday = 1).',
      ),
      // biome-ignore lint/suspicious/noThenProperty: the key of the file is called so
      then: describe(
        oneOf(['block', 'throttle']).prefault('block'),
        'choice',
        'What happens at the end of it: sessions end and new ones see the site, or all go on slowly.',
      ),
      throttle: describe(
        rate('1 KiB/s').prefault('64 KiB/s'),
        'rate',
        'How fast that is, in each direction.',
      ),
    },
    '{ bytes = "100 GiB" }',
  ).superRefine((value, context) => {
    if (value.period !== 'week' || value.reset_day <= DAYS_IN_WEEK) return
    const message = 'a week has the days 1 (Monday) to 7'
    context.addIssue({ code: 'custom', path: ['reset_day'], message })
  }),
  'table',
  'How much the user may transfer in a period.',
)
