import { describe, expect, test } from 'vitest'
import { trainTrees } from '../../bench/distinguisher/classifiers/boosted-trees.ts'
import { classify } from '../../bench/distinguisher/classifiers/cross-validation.ts'
import { dataset, type Sample } from '../../bench/distinguisher/classifiers/dataset.ts'
import { trainLogistic } from '../../bench/distinguisher/classifiers/logistic-regression.ts'
import { aucOf, aucOfSamples, bootstrapAuc } from '../../bench/distinguisher/statistics/auc.ts'
import { chiSquare, chiSquareTail } from '../../bench/distinguisher/statistics/chi-square.ts'
import { holm } from '../../bench/distinguisher/statistics/holm.ts'
import { kolmogorovSmirnov, kolmogorovTail } from '../../bench/distinguisher/statistics/kolmogorov-smirnov.ts'
import { normalQuantile } from '../../bench/distinguisher/statistics/normal.ts'
import { quantile } from '../../bench/distinguisher/statistics/quantile.ts'
import { exponential, seeded } from '../../bench/distinguisher/statistics/random.ts'

const many = (count: number, value: string) => Array<string>(count).fill(value)

describe('against tables', () => {
  test.each([
    // NIST/SEMATECH e-Handbook, upper critical values of the chi-square distribution.
    [3.841, 1, 0.05],
    [6.635, 1, 0.01],
    [18.307, 10, 0.05],
    [29.588, 10, 0.001],
    [124.342, 100, 0.05],
  ])('chi-square of %d with %d degrees', (value, degrees, tail) => {
    expect(chiSquareTail(value, degrees)).toBeCloseTo(tail, 4)
  })

  test.each([
    // Smirnov (1948): the limit distribution of the distance.
    [1.2238, 0.1],
    [1.3581, 0.05],
    [1.6276, 0.01],
  ])('Kolmogorov of %d', (value, tail) => {
    expect(kolmogorovTail(value)).toBeCloseTo(tail, 4)
  })

  test('normal quantiles', () => {
    expect(normalQuantile(0.025)).toBeCloseTo(1.96, 2)
    expect(normalQuantile(0.0005)).toBeCloseTo(3.2905, 2)
  })
})

test('chi-square of a 2×2 table, by hand: 30:20 against 15:35', () => {
  const [one, other] = [
    [...many(30, 'a'), ...many(20, 'b')],
    [...many(15, 'a'), ...many(35, 'b')],
  ]
  // (30·35 − 20·15)² · 100 / (50 · 50 · 45 · 55)
  expect(chiSquare(one, other).statistic).toBeCloseTo(9.0909, 4)
  expect(chiSquare(one, other).p).toBeCloseTo(0.00257, 4)
  expect(chiSquare(one, one).p).toBe(1)
})

test('categories that are too rare do not make a chi-square test reject', () => {
  const unlike = Array.from({ length: 4 }, (_, at) => `rare ${at}`)
  expect(chiSquare(many(100, 'a'), [...many(96, 'a'), ...unlike]).p).toBeGreaterThan(0.01)
})

test('the distance of two samples, by hand', () => {
  expect(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6]).statistic).toBe(0.5)
  expect(kolmogorovSmirnov([1, 2, 3], [4, 5, 6]).statistic).toBe(1)
  expect(kolmogorovSmirnov([1, 1, 1], [1, 1, 1])).toEqual({ statistic: 0, p: 1 })
})

test("Holm's own example", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
})

test('the area under the curve, ties half', () => {
  expect(aucOfSamples([1, 2, 3], [4, 5])).toBe(1)
  expect(aucOfSamples([4, 5], [1, 2, 3])).toBe(0)
  expect(aucOfSamples([1, 2], [1, 2])).toBe(0.5)
  expect(aucOfSamples([1, 3], [2, 3])).toBe((1 + 0 + 1 + 0.5) / 4)
  const folds = [
    { negatives: Float64Array.of(1, 2), positives: Float64Array.of(3) },
    { negatives: Float64Array.of(102, 103), positives: Float64Array.of(101) },
  ]
  expect(aucOf(folds)).toBe(0.5)
})

test('a bootstrap interval is as wide as theory says', () => {
  const random = seeded(3)
  const draw = () => Float64Array.from({ length: 400 }, () => random())
  const { auc, low, high, error } = bootstrapAuc([{ negatives: draw(), positives: draw() }], random, 500)
  // Hanley and McNeil (1982) for AUC ½: √((2·400 + 1) / (12 · 400²)).
  expect(error).toBeGreaterThan(0.017)
  expect(error).toBeLessThan(0.024)
  expect(low).toBeLessThan(auc)
  expect(high).toBeGreaterThan(auc)
})

test('quantiles lie between the nearest values', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
  expect(quantile([], 0.5)).toBeNaN()
})

const random = seeded(11)
const flows = (count: number, draw: () => Record<string, number>): Sample[] =>
  Array.from({ length: count }, (_, at) => ({ features: draw(), group: at % 20 }))
const noise = () => ({ x: random(), y: random(), z: exponential(1, random) })

describe('the classifiers', () => {
  test('learn nothing where there is nothing', () => {
    const { combined } = classify(dataset(flows(300, noise), flows(300, noise)), random)
    expect(Math.abs(combined.auc - 0.5)).toBeLessThan(4 * combined.error)
  })

  test('find a shifted mean', () => {
    const shifted = () => ({ ...noise(), x: 0.75 + random() })
    const { logistic, trees, single } = classify(dataset(flows(300, noise), flows(300, shifted)), random)
    expect(logistic.auc).toBeGreaterThan(0.93)
    expect(trees.auc).toBeGreaterThan(0.93)
    expect(single[0]!.name).toBe('x')
  })

  test('trees find what only two features together tell, which a line cannot', () => {
    const rows = Array.from({ length: 600 }, () => Float64Array.of(random(), random()))
    const labels = Uint8Array.from(rows, ([x, y]) => (x! > 0.5 === y! > 0.35 ? 1 : 0))
    const auc = (train: typeof trainTrees) => {
      const score = train(rows, labels)
      const of = (label: number) => rows.filter((_, at) => labels[at] === label).map((row) => score(row))
      return aucOfSamples(of(0), of(1))
    }
    expect(auc(trainTrees)).toBeGreaterThan(0.97)
    expect(auc(trainLogistic)).toBeLessThan(0.75)
  })

  test('take classes that a line separates wholly', () => {
    const data = dataset(
      flows(100, () => ({ n: 1, constant: 7 })),
      flows(100, () => ({ n: 4, constant: 7 })),
    )
    expect(classify(data, random).combined).toMatchObject({ auc: 1, low: 1, high: 1 })
  })
})
