import type { Train } from './dataset.ts'

/** Weight of the squared coefficients: enough that separable classes do not send them to infinity. */
const RIDGE = 1
const STEPS = 25
const TOLERANCE = 1e-6

/** Newton's method (IRLS) on standardised features; what never varies is left out. */
export const trainLogistic: Train = (rows, labels) => {
  const { scale, kept } = standardisation(rows)
  const inputs = rows.map(scale)
  let weights = new Float64Array(kept + 1)
  for (let step = 0; step < STEPS; step++) {
    const delta = newtonStep(inputs, labels, weights)
    weights = weights.map((weight, at) => weight + delta[at]!)
    if (delta.every((change) => Math.abs(change) < TOLERANCE)) break
  }
  return (row) => linear(weights, scale(row))
}

function standardisation(rows: readonly Float64Array[]): {
  scale: (row: Float64Array) => Float64Array
  kept: number
} {
  const columns: { at: number; centre: number; spread: number }[] = []
  for (let at = 0; at < (rows[0]?.length ?? 0); at++) {
    const centre = rows.reduce((sum, row) => sum + row[at]!, 0) / rows.length
    const spread = Math.sqrt(rows.reduce((sum, row) => sum + (row[at]! - centre) ** 2, 0) / rows.length)
    if (spread > 1e-12) columns.push({ at, centre, spread })
  }
  // An outlier must not move the boundary by itself.
  const clip = (value: number) => Math.max(-6, Math.min(6, value))
  return {
    kept: columns.length,
    scale: (row) =>
      Float64Array.from(columns, ({ at, centre, spread }) => clip((row[at]! - centre) / spread)),
  }
}

/** The last weight is the constant. */
function linear(weights: Float64Array, input: Float64Array): number {
  let sum = weights[input.length]!
  for (let at = 0; at < input.length; at++) sum += weights[at]! * input[at]!
  return sum
}

function newtonStep(
  inputs: readonly Float64Array[],
  labels: Uint8Array,
  weights: Float64Array,
): Float64Array {
  const size = weights.length
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1))
  for (const [index, input] of inputs.entries()) {
    const probability = 1 / (1 + Math.exp(-linear(weights, input)))
    const curvature = Math.max(probability * (1 - probability), 1e-6)
    for (let i = 0; i < size; i++) {
      const x = i < input.length ? input[i]! : 1
      const row = matrix[i]!
      row[size]! += x * (labels[index]! - probability)
      for (let j = 0; j <= i; j++) row[j]! += curvature * x * (j < input.length ? input[j]! : 1)
    }
  }
  for (let i = 0; i < size; i++) {
    matrix[i]![i]! += RIDGE
    matrix[i]![size]! -= RIDGE * weights[i]!
    for (let j = i + 1; j < size; j++) matrix[i]![j] = matrix[j]![i]!
  }
  return solve(matrix)
}

/** Gauss with pivoting; each row ends with its right-hand side. */
function solve(matrix: Float64Array[]): Float64Array {
  const size = matrix.length
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row
    }
    ;[matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!]
    const top = matrix[column]!
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row]![column]! / top[column]!
      if (factor === 0) continue
      for (let at = column; at <= size; at++) matrix[row]![at]! -= factor * top[at]!
    }
  }
  const solution = new Float64Array(size)
  for (let row = size - 1; row >= 0; row--) {
    let value = matrix[row]![size]!
    for (let at = row + 1; at < size; at++) value -= matrix[row]![at]! * solution[at]!
    solution[row] = value / matrix[row]![row]!
  }
  return solution
}
