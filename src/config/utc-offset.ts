import { bad, good, type Parsed } from './parsed.ts'

const MINUTE = 60_000
/** No clock on earth is further from UTC than Baker Island's and Kiribati's. */
const WEST = -12 * 60
const EAST = 14 * 60

const SHAPE = /^([+-])(\d{2}):(\d{2})$/

/** `"+03:30"` → milliseconds to add to UTC; from −12:00 to +14:00. */
export function parseUtcOffset(text: string): Parsed<number> {
  const match = SHAPE.exec(text.trim())
  if (match === null) return bad(`${JSON.stringify(text)} is not an offset such as "+03:00" or "-05:30"`)
  const [, sign = '', hours = '', minutes = ''] = match
  const amount = Number(hours) * 60 + Number(minutes)
  const offset = sign === '-' && amount > 0 ? -amount : amount
  if (Number(minutes) > 59 || offset < WEST || offset > EAST) {
    return bad(`${JSON.stringify(text)} is no offset from UTC: -12:00 to +14:00 are possible`)
  }
  return good(offset * MINUTE)
}
