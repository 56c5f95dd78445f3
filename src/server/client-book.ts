import type { Collector } from '../telemetry/prometheus.ts'
import { RUN_TIME_METRICS } from '../telemetry/run-time-metrics.ts'
import type { ClientCounts } from './client-tally.ts'

/** Labels of one metric: there are some dozens of Telegram clients, and everything else is one more. */
const MOST_KINDS = 100
const OTHER = 'other'

/** What the workers have told of authentic clients, for metrics and whoever asks about a user. */
export class ClientBook {
  readonly #hellos = new Map<string, number>()
  readonly #users = new Map<number, { ok: number; silent: number }>()

  add({ hellos, users }: ClientCounts): void {
    for (const [ja4, count] of hellos) {
      const kind = this.#hellos.has(ja4) || this.#hellos.size < MOST_KINDS ? ja4 : OTHER
      this.#hellos.set(kind, (this.#hellos.get(kind) ?? 0) + count)
    }
    for (const [user, ok, silent] of users) {
      const before = this.of(user)
      this.#users.set(user, { ok: before.ok + ok, silent: before.silent + silent })
    }
  }

  /** Answers to a user's hellos in this run: followed by an init, and followed by nothing. */
  of(user: number): { readonly ok: number; readonly silent: number } {
    return this.#users.get(user) ?? { ok: 0, silent: 0 }
  }

  /** @param names of the users by place; undefined: no metric has a user's name */
  metrics(names: readonly string[] | undefined): Collector[] {
    return names ? [this.#helloMetric(), this.#userMetric(names)] : [this.#helloMetric()]
  }

  #helloMetric(): Collector {
    return {
      ...RUN_TIME_METRICS.clientHellos,
      samples: () => [...this.#hellos].map(([ja4, value]) => ({ labels: { ja4 }, value })),
    }
  }

  #userMetric(names: readonly string[]): Collector {
    return {
      ...RUN_TIME_METRICS.userAnswers,
      samples: () =>
        names.flatMap((user, place) => {
          const { ok, silent } = this.of(place)
          return [
            { labels: { user, first_data: 'ok' }, value: ok },
            { labels: { user, first_data: 'none' }, value: silent },
          ]
        }),
    }
  }
}
