import { duration } from './schema-durations.ts'
import { describe, table, text } from './schema-values.ts'
import { parseUtcOffset } from './utc-offset.ts'

export const usage = describe(
  table({
    utc_offset: describe(
      text(parseUtcOffset).prefault('+00:00'),
      'offset',
      'When days, weeks and months begin, as an offset from UTC such as `"+03:00"`.',
    ),
    history: describe(
      duration({ min: '1d', max: '10y' }).prefault('1y'),
      'duration',
      'How long the usage of each day is kept.',
    ),
  }),
  'table',
  "What is kept of the users' usage.",
)
