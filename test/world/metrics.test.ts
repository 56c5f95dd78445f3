import { expect, test } from 'vitest'
import { metricSum, parseMetrics } from './metrics.ts'

const EXPOSITION = `# HELP a_total What it counts.
# TYPE a_total counter
a_total{result="ok",mode="tls"} 3
a_total{result="bad, digest",mode="tls"} 4
a_total_more{result="ok"} 50
plain 1.5e-3
`

test('samples by name and labels, in any order, with commas in values', () => {
  const metrics = parseMetrics(EXPOSITION)
  expect(metrics.size).toBe(4)
  expect(metrics.get('plain')).toBe(0.0015)
  expect(metricSum(metrics, 'a_total')).toBe(7)
  expect(metricSum(metrics, 'a_total', { mode: 'tls', result: 'ok' })).toBe(3)
  expect(metricSum(metrics, 'a_total', { result: 'bad, digest' })).toBe(4)
  expect(metricSum(metrics, 'a_total', { result: 'nothing' })).toBe(0)
})
