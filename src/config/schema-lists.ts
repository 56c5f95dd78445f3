import { bad, good, type Parsed } from './parsed.ts'
import { duration } from './schema-durations.ts'
import { describe, list, oneOf, table, text } from './schema-values.ts'

/** Lists of one rule: each costs a search for every connection, and has metrics of its own. */
export const MAX_LISTS = 16

/** Whether a source of a list is fetched; otherwise it is a file. */
export function isListUrl(source: string): boolean {
  return /^https?:/i.test(source)
}

function parseSource(value: string): Parsed<string> {
  const source = value.trim()
  if (source === '') return bad('must not be empty')
  if (isListUrl(source)) {
    const url = URL.parse(source)
    if (url === null) return bad(`${JSON.stringify(value)} is not a URL`)
    const isAnonymous = url.username === '' && url.password === ''
    return isAnonymous ? good(source) : bad('a URL with a user name or password is not possible here')
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source))
    return bad(`${JSON.stringify(value)}: a URL begins with https://`)
  return good(source)
}

const sources = () =>
  list(text(parseSource)).max(MAX_LISTS, `at most ${MAX_LISTS} lists are possible`).prefault([])

export const lists = describe(
  table({
    block: describe(
      sources(),
      'list of URLs or files',
      'Who must not come. FireHOL netset format: a line is an address, a network or a range; comments begin with `#` or `;`.',
    ),
    only: describe(
      sources(),
      'list of URLs or files',
      'Who may come at all; empty: everybody. Until one of these lists has been read for the first time, nobody may.',
    ),
    refresh: describe(
      duration({ min: '1m', max: '30d' }).prefault('6h'),
      'duration',
      'How often the URLs are asked, about; files are looked at all the time. What was good is kept until something good replaces it.',
    ),
    // biome-ignore lint/suspicious/noThenProperty: the key of the file is called so
    then: describe(
      oneOf(['front', 'close']).prefault('front'),
      'choice',
      'What happens to the others: they see the site, or are disconnected. A site that some cannot reach is a trait.',
    ),
  }),
  'table',
  'Lists of addresses. An address that becomes blocked loses its live sessions.',
)
