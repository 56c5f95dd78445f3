import { NOT_AMONG_ONLY } from '../../access/ip-list/ip-lists.ts'
import type { Collector } from '../../telemetry/prometheus.ts'
import { NOT_AMONG_ONLY_LABEL, RUN_TIME_METRICS } from '../../telemetry/run-time-metrics.ts'
import type { KeptList } from './kept-list.ts'
import type { ListHits } from './list-hits.ts'

/** Their labels are the short names of the configured lists, so there are at most as many as there may be lists. */
export function listMetrics(lists: readonly KeptList[], hits: ListHits): Collector[] {
  if (lists.length === 0) return []
  const each = (read: (list: KeptList) => number) => () =>
    lists.map((list) => ({ labels: { list: list.source.name }, value: read(list) }))
  return [
    {
      ...RUN_TIME_METRICS.ipListEntries,
      samples: each(({ entries }) => entries),
    },
    {
      ...RUN_TIME_METRICS.ipListAge,
      samples: each(({ age }) => age),
    },
    {
      ...RUN_TIME_METRICS.ipListHits,
      samples: () => hitSamples(lists, hits),
    },
  ]
}

function hitSamples(lists: readonly KeptList[], hits: ListHits) {
  const sample = (list: string, number: number) => ({ labels: { list }, value: hits.total(number) })
  const samples = lists.flatMap(({ source }, number) =>
    source.rule === 'block' ? [sample(source.name, number)] : [],
  )
  const isRestricted = samples.length < lists.length
  return isRestricted ? [...samples, sample(NOT_AMONG_ONLY_LABEL, NOT_AMONG_ONLY)] : samples
}
