import type { Score, Train } from './dataset.ts'

/** Trees of two levels: one question, and one more depending on its answer. */
const TREES = 60
const LEARNING_RATE = 0.1
const BINS = 32
const LEAST_LEAF = 8
/** Weight of the squared leaf values (as lambda in XGBoost). */
const RIDGE = 1

interface Split {
  readonly feature: number
  /** Bins up to and including this go left. */
  readonly bin: number
  readonly gain: number
}

interface Node {
  readonly split: Split | undefined
  readonly value: number
  readonly left?: Node
  readonly right?: Node
}

/** Gradient boosting of the logistic loss with second-order leaves; features are cut at quantiles into 32 bins. */
export const trainTrees: Train = (rows, labels) => {
  const features = rows[0]?.length ?? 0
  const edges = Array.from({ length: features }, (_, at) => edgesOf(rows, at))
  const binned = rows.map((row) => binRow(row, edges))
  const margins = new Float64Array(rows.length)
  const everyone = rows.map((_, at) => at)
  const trees: Node[] = []
  for (let round = 0; round < TREES; round++) {
    const gradients = margins.map((margin, at) => 1 / (1 + Math.exp(-margin)) - labels[at]!)
    const curvatures = margins.map((margin) =>
      Math.max(1e-6, Math.exp(-margin) / (1 + Math.exp(-margin)) ** 2),
    )
    const tree = grow(
      everyone,
      { binned, gradients, curvatures, bins: edges.map((edge) => edge.length + 1) },
      2,
    )
    trees.push(tree)
    for (const [at, bins] of binned.entries()) margins[at]! += answer(tree, bins)
  }
  const score: Score = (row) => {
    const bins = binRow(row, edges)
    return trees.reduce((sum, tree) => sum + answer(tree, bins), 0)
  }
  return score
}

/** Where a feature is cut: between its different values if they are few, at quantiles else. */
function edgesOf(rows: readonly Float64Array[], at: number): Float64Array {
  const sorted = Float64Array.from(rows, (row) => row[at]!).sort()
  const values = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1])
  const all = values.slice(1).map((value, index) => (value + values[index]!) / 2)
  if (all.length < BINS) return all
  const cuts = Array.from(
    { length: BINS - 1 },
    (_, n) => sorted[Math.floor(((n + 1) * sorted.length) / BINS)]!,
  )
  return Float64Array.from(new Set(cuts))
}

function binRow(row: Float64Array, edges: readonly Float64Array[]): Uint8Array {
  return Uint8Array.from(edges, (cuts, at) => {
    let [low, high] = [0, cuts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (row[at]! > cuts[middle]!) low = middle + 1
      else high = middle
    }
    return low
  })
}

interface Work {
  readonly binned: readonly Uint8Array[]
  readonly gradients: Float64Array
  readonly curvatures: Float64Array
  readonly bins: readonly number[]
}

function grow(members: readonly number[], work: Work, levels: number): Node {
  const [gradient, curvature] = totals(members, work)
  const leaf = { split: undefined, value: (-LEARNING_RATE * gradient) / (curvature + RIDGE) }
  if (levels === 0) return leaf
  const split = bestSplit(members, work, gradient, curvature)
  if (!split) return leaf
  const goesLeft = (at: number) => work.binned[at]![split.feature]! <= split.bin
  return {
    split,
    value: 0,
    left: grow(members.filter(goesLeft), work, levels - 1),
    right: grow(
      members.filter((at) => !goesLeft(at)),
      work,
      levels - 1,
    ),
  }
}

function totals(members: readonly number[], { gradients, curvatures }: Work): [number, number] {
  let [gradient, curvature] = [0, 0]
  for (const at of members) {
    gradient += gradients[at]!
    curvature += curvatures[at]!
  }
  return [gradient, curvature]
}

function bestSplit(
  members: readonly number[],
  work: Work,
  gradient: number,
  curvature: number,
): Split | undefined {
  let best: Split | undefined
  const parent = gradient ** 2 / (curvature + RIDGE)
  for (const [feature, bins] of work.bins.entries()) {
    if (bins < 2) continue
    const sums = histogram(members, work, feature, bins)
    let [left, weight, count] = [0, 0, 0]
    for (let bin = 0; bin < bins - 1; bin++) {
      left += sums[3 * bin]!
      weight += sums[3 * bin + 1]!
      count += sums[3 * bin + 2]!
      if (count < LEAST_LEAF || members.length - count < LEAST_LEAF) continue
      const right = gradient - left
      const gain = left ** 2 / (weight + RIDGE) + right ** 2 / (curvature - weight + RIDGE) - parent
      if (gain > (best?.gain ?? 1e-9)) best = { feature, bin, gain }
    }
  }
  return best
}

/** Of each bin: sum of gradients, of curvatures, and how many. */
function histogram(members: readonly number[], work: Work, feature: number, bins: number): Float64Array {
  const sums = new Float64Array(3 * bins)
  for (const at of members) {
    const place = 3 * work.binned[at]![feature]!
    sums[place]! += work.gradients[at]!
    sums[place + 1]! += work.curvatures[at]!
    sums[place + 2]! += 1
  }
  return sums
}

function answer(tree: Node, bins: Uint8Array): number {
  let node = tree
  while (node.split) node = bins[node.split.feature]! <= node.split.bin ? node.left! : node.right!
  return node.value
}
