import { bad, good, type Parsed } from './parsed.ts'

const SHAPE = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})$/
const WITHOUT_OFFSET = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?$/

/** `2027-01-31T12:00:00Z`, `2027-01-31T12:00:00+03:00` (RFC 3339 §5.6) → milliseconds since 1970. */
export function parseInstant(text: string): Parsed<number> {
  const value = text.trim()
  const local = WITHOUT_OFFSET.exec(value)
  if (local !== null) {
    const [, date = '', time = '00:00:00'] = local
    return bad(
      `${JSON.stringify(text)} could be anywhere: write ${date}T${time}Z, or an offset such as +03:00`,
    )
  }
  const milliseconds = SHAPE.test(value) ? Date.parse(value.toUpperCase().replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(milliseconds)) {
    return bad(`${JSON.stringify(text)} is not a time such as 2027-01-31T12:00:00Z`)
  }
  return good(milliseconds)
}
