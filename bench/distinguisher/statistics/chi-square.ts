/** Of the gamma function for x > 0; Lanczos with g = 7, about 15 digits. */
function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  const y = x - 1
  const sum = terms.reduce((total, term, at) => total + term / (y + at + 1), 0.9999999999998099)
  const t = y + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum)
}

const STEPS = 500
const PRECISION = 1e-14

/** Upper regularised incomplete gamma function Q(a, x): the series below a + 1, the continued fraction above (Numerical Recipes §6.2). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a))
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x)
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < STEPS && Math.abs(term) > Math.abs(sum) * PRECISION; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum
}

function upperFraction(a: number, x: number): number {
  const tiny = 1e-300
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let value = d
  for (let n = 1; n < STEPS; n++) {
    const term = -n * (n - a)
    b += 2
    d = 1 / (term * d + b || tiny)
    c = b + term / c || tiny
    value *= d * c
    if (Math.abs(d * c - 1) < PRECISION) break
  }
  return value
}

/** That a chi-square variable with so many degrees of freedom is at least `value`. */
export function chiSquareTail(value: number, degrees: number): number {
  return degrees <= 0 ? 1 : upperGamma(degrees / 2, value / 2)
}

export interface TestResult {
  readonly statistic: number
  readonly p: number
}

/** Expected counts below this make the approximation worthless (Cochran 1954). */
const LEAST_EXPECTED = 5

/**
 * Whether two samples of categories come from one distribution. Categories too rare for the approximation are one; what is
 * left over when even that one is too rare joins the smallest of the others.
 */
export function chiSquare(one: readonly string[], other: readonly string[]): TestResult {
  const counts = pooled(countPairs(one, other), one.length, other.length)
  if (counts.length < 2) return { statistic: 0, p: 1 }
  const total = one.length + other.length
  let statistic = 0
  for (const [left, right] of counts) {
    const expectedLeft = ((left + right) * one.length) / total
    const expectedRight = ((left + right) * other.length) / total
    statistic += (left - expectedLeft) ** 2 / expectedLeft + (right - expectedRight) ** 2 / expectedRight
  }
  return { statistic, p: chiSquareTail(statistic, counts.length - 1) }
}

type Pair = readonly [left: number, right: number]

export function countPairs(one: readonly string[], other: readonly string[]): Map<string, Pair> {
  const counts = new Map<string, [number, number]>()
  for (const [side, sample] of [one, other].entries()) {
    for (const value of sample) {
      const pair = counts.get(value) ?? [0, 0]
      pair[side as 0 | 1]++
      counts.set(value, pair)
    }
  }
  return counts
}

function pooled(counts: Map<string, Pair>, ones: number, others: number): Pair[] {
  const share = Math.min(ones, others) / (ones + others)
  const isRare = ([left, right]: Pair) => (left + right) * share < LEAST_EXPECTED
  const rare = [...counts.values()].filter(isRare)
  const kept = [...counts.values()].filter((pair) => !isRare(pair)).sort((a, b) => b[0] + b[1] - a[0] - a[1])
  const rest = rare.reduce<Pair>(add, [0, 0])
  if (rest[0] + rest[1] === 0) return kept
  if (isRare(rest) && kept.length > 0) return [...kept.slice(0, -1), add(kept.at(-1)!, rest)]
  return [...kept, rest]
}

function add([left, right]: Pair, [more, less]: Pair): Pair {
  return [left + more, right + less]
}
