import { NOT_AMONG_ONLY } from '../../access/ip-list/ip-lists.ts'
import type { Collector } from '../../telemetry/prometheus.ts'
import type { KeptList } from './kept-list.ts'
import type { ListHits } from './list-hits.ts'
import { NOT_AMONG_ONLY_LABEL } from './list-sources.ts'

/** Their labels are the short names of the configured lists, so there are at most as many as there may be lists. */
export function listMetrics(lists: readonly KeptList[], hits: ListHits): Collector[] {
  if (lists.length === 0) return []
  const each = (read: (list: KeptList) => number) => () =>
    lists.map((list) => ({ labels: { list: list.source.name }, value: read(list) }))
  return [
    {
      name: 'ip_list_entries',
      help: 'Networks of a list of addresses.',
      type: 'gauge',
      samples: each(({ entries }) => entries),
    },
    {
      name: 'ip_list_age_seconds',
      help: 'Since a list was last known to be current (a file: since it was changed); infinite if it was never read.',
      type: 'gauge',
      samples: each(({ age }) => age),
    },
    {
      name: 'ip_list_hits_total',
      help: `Connections refused by a list; "${NOT_AMONG_ONLY_LABEL}": by being on none of those that may come.`,
      type: 'counter',
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
