import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CATALOGUE } from './catalogue.ts'
import { allocateCounters } from './counters.ts'
import { metricsPage } from './documentation.ts'
import { openExposition } from './prometheus.ts'
import { RUN_TIME_METRICS } from './run-time-metrics.ts'

const PAGE = new URL('../../docs/metrics.md', import.meta.url)

test('the page is that of the catalogue (node scripts/generate-docs.ts)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(metricsPage())
})

test('every metric stands on it once, and nothing else is spoken of', () => {
  const metrics = [...Object.values(CATALOGUE), ...Object.values(RUN_TIME_METRICS)]
  const rows = [...metricsPage().matchAll(/^\| `(portico_\w+)` \| (?:counter|gauge|histogram|summary) \|/gm)]
  expect(rows.map(([, name]) => name)).toEqual(metrics.map(({ name }) => `portico_${name}`))
  const names = new Set(rows.map(([, name]) => name))
  for (const [name] of metricsPage().matchAll(/\bportico_\w+/g)) expect(names).toContain(name)
})

test('every sentence is one, and says more than the name', () => {
  for (const { name, help } of [...Object.values(CATALOGUE), ...Object.values(RUN_TIME_METRICS)]) {
    expect(help, name).toMatch(/^[A-Z0-9].{20,}\.$/)
    expect(help, name).not.toMatch(/\. [A-Z]/)
  }
})

test('what the page says of the process is there', async () => {
  const { body } = await openExposition(allocateCounters(1), { version: '1', node: '2' })()
  for (const [, name] of metricsPage().matchAll(/`(process_\w+)`/g)) expect(body).toContain(`\n${name} `)
})
