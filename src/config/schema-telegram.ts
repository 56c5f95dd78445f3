import { z } from 'zod'
import { parseTcpAddress } from './address.ts'
import { describe, duration, oneOf, text } from './schema-values.ts'

const dataCentres = z.record(
  z.string().regex(/^-?[1-9]\d{0,4}$/),
  z
    .union([text(parseTcpAddress), z.array(text(parseTcpAddress)).min(1, 'at least one address is needed')], {
      error: (issue) => dataCentreMessage(issue.input),
    })
    .transform((value) => (Array.isArray(value) ? value : [value])),
  {
    error: (issue) =>
      issue.code === 'invalid_key'
        ? 'a data centre is a number such as 2, 203 or -4'
        : 'expected a table such as { 2 = ["149.154.167.51:443"] }',
  },
)

function dataCentreMessage(input: unknown): string {
  for (const each of Array.isArray(input) ? input : [input]) {
    if (typeof each !== 'string') break
    const parsed = parseTcpAddress(each)
    if (!parsed.ok) return parsed.message
  }
  return 'expected "host:port" or a list of these, at least one'
}

export const telegram = describe(
  z.strictObject({
    prefer: describe(
      oneOf(['ipv4', 'ipv6', 'only-ipv4', 'only-ipv6']).prefault('ipv4'),
      'choice',
      'Which family is tried first towards the data centres.',
    ),
    unknown_dc: describe(
      z
        .union([z.literal('refuse'), z.int().min(1).max(32_767)], {
          error: 'expected "refuse" or the number of a data centre',
        })
        .prefault('refuse'),
      'choice',
      '`refuse`, or the number of the data centre that sessions for an unknown one go to.',
    ),
    data_centres: describe(
      dataCentres.prefault({}),
      'table of addresses',
      'Addresses by number: `{ 2 = ["149.154.167.51:443", "[2001:67c:4e8:f002::a]:443"], 203 = […], -4 = […] }`. An entry replaces the built-in one; `-n` without an entry means `n`.',
    ),
    dial_timeout: describe(
      duration({ min: '100ms', max: '1m' }).prefault('5s'),
      'duration',
      'How long a connection to a data centre may take.',
    ),
  }),
  'table',
  'The road to Telegram.',
)
