import type { AddedTime } from '../collect/added-time.ts'
import { milliseconds, table } from './figures.ts'

/** Every row is a paired difference with the front in the same round. */
export function addedTimeTable(results: readonly AddedTime[]): string {
  const rows = results.flatMap(({ users, rounds, rest, front, rows: paired }) =>
    paired.map(({ what, median, low, high, own }) => [
      users.toLocaleString('en'),
      rest === 0 ? 'none' : `${rest} ms`,
      what,
      `${signed(median)} [${signed(low)}, ${signed(high)}]`,
      own.map(milliseconds).join(' / '),
      front.map(milliseconds).join(' / '),
      String(rounds),
    ]),
  )
  if (rows.length === 0) return ''
  const head = [
    'Users',
    'rest between rounds',
    'Who',
    'added, ms (median of pairs)',
    'own median / p90',
    "front's median / p90",
    'N',
  ]
  const newcomers = results
    .filter(({ rest }) => rest > 0)
    .map(
      ({ users, newcomers: atTry }) =>
        `With ${users.toLocaleString('en')} users, of ${atTry.reduce((sum, count) => sum + count, 0)} that came from an address new to portico ${atTry.map((count, turn) => `${count} came in at try ${turn + 1}`).join(', ')} (a second apart).`,
    )
  return `### Added time\n\n${table(head, rows)}\n\n${newcomers.join(' ')}`
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
