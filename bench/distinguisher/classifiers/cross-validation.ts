import { type AucInterval, aucOfSamples, bootstrapAuc, type Scored } from '../statistics/auc.ts'
import type { Random } from '../statistics/random.ts'
import { trainTrees } from './boosted-trees.ts'
import type { Dataset, Score, Train } from './dataset.ts'
import { trainLogistic } from './logistic-regression.ts'

export const FOLDS = 5

/** What one feature alone would give; the larger of AUC and 1 − AUC. */
export interface SingleFeature {
  readonly name: string
  readonly auc: number
}

export interface Classified {
  readonly logistic: AucInterval
  readonly trees: AucInterval
  /** The mean of both classifiers' probabilities, so that the surer one counts more: the figure that counts. */
  readonly combined: AucInterval
  /** The strongest first. */
  readonly single: readonly SingleFeature[]
}

/** Groups go to folds in turn, so that both classes and every part of the run are in each. */
export function classify(data: Dataset, random: Random): Classified {
  const logistic: Scored[] = []
  const trees: Scored[] = []
  const combined: Scored[] = []
  for (let fold = 0; fold < FOLDS; fold++) {
    const isTested = (at: number) => data.groups[at]! % FOLDS === fold
    const training = indices(data, (at) => !isTested(at))
    const tested = indices(data, isTested)
    if (!hasBoth(data, training) || !hasBoth(data, tested)) continue
    const one = scores(data, training, tested, trainLogistic)
    const other = scores(data, training, tested, trainTrees)
    logistic.push(byClass(data, tested, one))
    trees.push(byClass(data, tested, other))
    const together = one.map((value, at) => probability(value) + probability(other[at]!))
    combined.push(byClass(data, tested, together))
  }
  return {
    logistic: bootstrapAuc(logistic, random),
    trees: bootstrapAuc(trees, random),
    combined: bootstrapAuc(combined, random),
    single: singleFeatures(data),
  }
}

function hasBoth({ labels }: Dataset, of: readonly number[]): boolean {
  return of.some((at) => labels[at] === 0) && of.some((at) => labels[at] === 1)
}

function indices({ rows }: Dataset, wanted: (at: number) => boolean): number[] {
  return rows.map((_, at) => at).filter(wanted)
}

function scores(
  data: Dataset,
  training: readonly number[],
  tested: readonly number[],
  train: Train,
): Float64Array {
  const score: Score = train(
    training.map((at) => data.rows[at]!),
    Uint8Array.from(training, (at) => data.labels[at]!),
  )
  return Float64Array.from(tested, (at) => score(data.rows[at]!))
}

function byClass({ labels }: Dataset, tested: readonly number[], values: Float64Array): Scored {
  return {
    negatives: values.filter((_, at) => labels[tested[at]!] === 0),
    positives: values.filter((_, at) => labels[tested[at]!] === 1),
  }
}

function probability(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

function singleFeatures({ names, rows, labels }: Dataset): SingleFeature[] {
  return names
    .map((name, column) => {
      const values = (label: number) =>
        rows.filter((_, at) => labels[at] === label).map((row) => row[column]!)
      const auc = aucOfSamples(values(0), values(1))
      return { name, auc: Math.max(auc, 1 - auc) }
    })
    .sort((a, b) => b.auc - a.auc)
}
