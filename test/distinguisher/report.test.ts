import { expect, test } from 'vitest'
import type { Classified } from '../../bench/distinguisher/classifiers/cross-validation.ts'
import { judgedInterval, widthFor } from '../../bench/distinguisher/judged-interval.ts'
import { markdown } from '../../bench/distinguisher/report/markdown.ts'
import { plotsOf } from '../../bench/distinguisher/report/plots.ts'
import type { Run } from '../../bench/distinguisher/results.ts'
import { judgedWidth, whyVoid } from '../../bench/distinguisher/verdict.ts'

/** With the bootstrap's own interval, two standard errors to either side. */
function classified(auc: number, error = 0.01): Classified {
  const interval = { auc, low: auc - 2 * error, high: auc + 2 * error, error }
  return { logistic: interval, trees: interval, combined: interval, single: [{ name: 'size', auc }] }
}

function runOf(nothing: number, portico: number): Run {
  const both = { nothing: classified(nothing), portico: classified(portico) }
  const classes = [
    {
      clientClass: 'darwin',
      flights: 300,
      encryptedRecords: 1,
      facts: 14,
      firstFlight: both,
      timing: both,
      times: [[1], [1], [2]],
      likelihoods: { nothing: [], portico: [] },
    },
  ] as const
  return { command: 'x', machine: 'y', seed: 1, minutes: 1, fronts: [{ front: 'bun', classes }] }
}

test('the interval that is shown is the one by which a null is judged', () => {
  // Two nulls: z of one in eighty, as wide again as nulls were seen to spread.
  expect(judgedWidth(runOf(0.5, 0.5))).toBeCloseTo(widthFor(2))
  expect(widthFor(2)).toBeCloseTo(1.6 * 2.2414, 2)
  const width = widthFor(2)
  for (const auc of [0.5, 0.535, 0.537, 0.463, 0.465]) {
    const { isToldApart } = judgedInterval({ auc, error: 0.01 }, width)
    expect(whyVoid(runOf(auc, 0.5)).length > 0).toBe(isToldApart)
    const text = markdown(runOf(auc, 0.5), [], new Map())
    expect(text.includes(`**${auc.toFixed(3)}** [`)).toBe(isToldApart)
  }
})

test('the report prints it, and says what it means', () => {
  const text = markdown(runOf(0.52, 0.53), [], new Map())
  expect(text).toContain('0.520 [0.484, 0.556]')
  expect(text).toContain('0.530 [0.494, 0.566]')
  // The bootstrap's.
  expect(text).not.toContain('[0.510, 0.550]')
  expect(text).toContain('counts as told apart where')
  expect(text).toContain('3.6 standard errors')
  const nothing = { ...runOf(0.5, 0.5), fronts: [] }
  expect(markdown(nothing, [], new Map())).not.toContain('told apart where')
})

test('so do its plots', () => {
  const { fronts } = runOf(0.52, 0.53)
  const [narrow, wide] = [2, 3.6].map((width) => plotsOf(fronts[0]!, width).get('bun-auc.svg')!)
  const length = (svg: string) => {
    const [, x1, x2] = /x1="([\d.]+)" x2="([\d.]+)" y1="52"/.exec(svg) ?? []
    return Number(x2) - Number(x1)
  }
  expect(length(wide!) / length(narrow!)).toBeCloseTo(1.8)
})
