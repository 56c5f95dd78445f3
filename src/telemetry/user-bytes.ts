import type { Collector } from './prometheus.ts'
import { RUN_TIME_METRICS } from './run-time-metrics.ts'

/**
 * `user_bytes_total`, shown where metrics with a user's name are asked for.
 * @param read payload bytes that were ever counted for the user of that place
 */
export function userBytes(
  users: readonly string[],
  read: (user: number) => { up: number; down: number },
): Collector {
  return {
    ...RUN_TIME_METRICS.userBytes,
    samples: () =>
      users.flatMap((user, place) => {
        const { up, down } = read(place)
        return [
          { labels: { user, direction: 'up' }, value: up },
          { labels: { user, direction: 'down' }, value: down },
        ]
      }),
  }
}
