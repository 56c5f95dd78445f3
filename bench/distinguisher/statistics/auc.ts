import { sortedQuantile } from './quantile.ts'
import { below, type Random } from './random.ts'

/** Scores of one fold: what the classifier said about flows that it was not trained with. */
export interface Scored {
  /** Of the class that is 0, and of the class that is 1. */
  readonly negatives: Float64Array
  readonly positives: Float64Array
}

export interface AucInterval {
  readonly auc: number
  /** 95 %, by bootstrap. */
  readonly low: number
  readonly high: number
  /** Standard error, by the same bootstrap. */
  readonly error: number
}

/** Pairs that are in the right order, ties half; by a merge of the two sorted halves. */
function concordant(negatives: Float64Array, positives: Float64Array): number {
  const low = negatives.toSorted()
  const high = positives.toSorted()
  let [smaller, equal, sum] = [0, 0, 0]
  for (const value of high) {
    while (smaller < low.length && low[smaller]! < value) smaller++
    equal = Math.max(equal, smaller)
    while (equal < low.length && low[equal]! <= value) equal++
    sum += smaller + (equal - smaller) / 2
  }
  return sum
}

/**
 * Area under the ROC curve within each fold, weighted by its pairs. Not over all folds at once: each fold's classifier has a
 * scale of its own, which pulls the pooled figure of classifiers that have learnt nothing below one half.
 */
export function aucOf(folds: readonly Scored[]): number {
  let [sum, pairs] = [0, 0]
  for (const { negatives, positives } of folds) {
    sum += concordant(negatives, positives)
    pairs += negatives.length * positives.length
  }
  return pairs === 0 ? Number.NaN : sum / pairs
}

/** The same of two plain samples. */
export function aucOfSamples(negatives: readonly number[], positives: readonly number[]): number {
  return aucOf([{ negatives: Float64Array.from(negatives), positives: Float64Array.from(positives) }])
}

/** Bootstrap within fold and class. */
export function bootstrapAuc(folds: readonly Scored[], random: Random, resamples = 400): AucInterval {
  const aucs = new Float64Array(resamples)
  for (let round = 0; round < resamples; round++) {
    aucs[round] = aucOf(
      folds.map(({ negatives, positives }) => ({
        negatives: resampled(negatives, random),
        positives: resampled(positives, random),
      })),
    )
  }
  const sorted = aucs.toSorted()
  const average = aucs.reduce((sum, auc) => sum + auc, 0) / resamples
  const variance = aucs.reduce((sum, auc) => sum + (auc - average) ** 2, 0) / (resamples - 1)
  return {
    auc: aucOf(folds),
    low: sortedQuantile(sorted, 0.025),
    high: sortedQuantile(sorted, 0.975),
    error: Math.sqrt(variance),
  }
}

function resampled(values: Float64Array, random: Random): Float64Array {
  return values.map(() => values[below(values.length, random)]!)
}
