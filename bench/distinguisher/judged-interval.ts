import type { AucInterval } from './statistics/auc.ts'
import { normalQuantile } from './statistics/normal.ts'

const ERROR_OF_ALL_NULLS = 0.05
/**
 * A bootstrap of the scores does not know that a classifier that has learnt the chance of one part of the data errs the other way
 * in the rest: 24 nulls of made flights spread 1.57 times as wide as it says.
 */
export const SPREAD = 1.6

/**
 * By how many standard errors of the bootstrap an AUC of a run with so many nulls may be off one half by chance: wide enough
 * that one in twenty runs, and not one in twenty intervals, has a null beyond it (Bonferroni).
 */
export function widthFor(nulls: number): number {
  return SPREAD * normalQuantile(ERROR_OF_ALL_NULLS / 2 / Math.max(1, nulls))
}

/** What a run is judged by; the bootstrap's own is narrower. */
export interface JudgedInterval {
  readonly low: number
  readonly high: number
  /** One half is outside, on either side. */
  readonly isToldApart: boolean
}

export function judgedInterval(
  { auc, error }: Pick<AucInterval, 'auc' | 'error'>,
  width: number,
): JudgedInterval {
  const [low, high] = [auc - width * error, auc + width * error]
  return { low: Math.max(0, low), high: Math.min(1, high), isToldApart: low > 0.5 || high < 0.5 }
}
