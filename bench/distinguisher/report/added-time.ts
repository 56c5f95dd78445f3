import type { AddedTime } from '../collect/added-time.ts'
import { milliseconds, table } from './figures.ts'

/** Every row is a paired difference with the front in the same round. */
export function addedTimeTable(results: readonly AddedTime[]): string {
  const rows = results.flatMap(({ users, rounds, pace, front, rows: paired }) =>
    paired.map(({ what, median, low, high, own }) => [
      users.toLocaleString('en'),
      `${pace.distance} ms`,
      String(pace.warmUp),
      `${pace.rest} ms`,
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
    'hello after connect',
    'rounds before',
    'rest',
    'Who',
    'added, ms (median of pairs)',
    'own median / p90',
    "front's median / p90",
    'N',
  ]
  const newcomers = results.map(
    ({ users, newcomers: atTry }) =>
      `${users.toLocaleString('en')} users: ${atTry.map((count, turn) => `${count} at try ${turn + 1}`).join(', ')}.`,
  )
  return `### Added time\n\n${table(head, rows)}\n\nClients from addresses new to portico came in, a second between two tries: ${newcomers.join(' ')}`
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
