import type { TestResult } from './chi-square.ts'

/** Two-sample Kolmogorov–Smirnov; the asymptotic p with the correction of Stephens (1970), good from about 20 a side. Ties make it cautious. */
export function kolmogorovSmirnov(one: readonly number[], other: readonly number[]): TestResult {
  if (one.length === 0 || other.length === 0) return { statistic: 0, p: 1 }
  const left = one.toSorted((a, b) => a - b)
  const right = other.toSorted((a, b) => a - b)
  let [i, j, distance] = [0, 0, 0]
  while (i < left.length && j < right.length) {
    const value = Math.min(left[i]!, right[j]!)
    while (i < left.length && left[i]! <= value) i++
    while (j < right.length && right[j]! <= value) j++
    distance = Math.max(distance, Math.abs(i / left.length - j / right.length))
  }
  const size = Math.sqrt((left.length * right.length) / (left.length + right.length))
  return { statistic: distance, p: kolmogorovTail((size + 0.12 + 0.11 / size) * distance) }
}

/** Q_KS(x) = 2 Σ (−1)^(k−1) e^(−2 k² x²). */
export function kolmogorovTail(x: number): number {
  if (x < 0.2) return 1
  let sum = 0
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x)
  return Math.min(1, Math.max(0, sum))
}
