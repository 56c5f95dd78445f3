import { type Classified, classify } from '../classifiers/cross-validation.ts'
import { dataset, type Features } from '../classifiers/dataset.ts'
import { seeded } from '../statistics/random.ts'

/** Something observed, and the stretch of the run that it belongs to. */
export interface Observed<T> {
  readonly value: T
  readonly group: number
}

/** Layer 3: how well classifiers tell both apart by these features. */
export function tellApart<T>(
  front: readonly Observed<T>[],
  other: readonly Observed<T>[],
  features: (value: T) => Features,
  seed = 1,
): Classified {
  const samples = (all: readonly Observed<T>[]) =>
    all.map(({ value, group }) => ({ features: features(value), group }))
  return classify(dataset(samples(front), samples(other)), seeded(seed))
}
