import { below, pick, type Random } from '../statistics/random.ts'

/** What a session does, so that visitors and users are of comparable volume. */
export interface Plan {
  /** Short exchanges. */
  readonly talks: number
  /** Bytes down in one go behind them; 0: none. One of the sizes that every front serves. */
  readonly bulk: 0 | 1000 | 1_048_576
  /** Milliseconds of silence before each exchange but the first. */
  readonly pauses: readonly number[]
}

export function drawPlan(random: Random): Plan {
  const talks = 1 + below(4, random)
  return {
    talks,
    bulk: pick([0, 1000, 1_048_576], random),
    pauses: Array.from({ length: talks }, () => below(30, random)),
  }
}
