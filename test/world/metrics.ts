/** Samples of a Prometheus exposition: `name{label="value",…}` as it stands there, to the number. */
export type Metrics = ReadonlyMap<string, number>

export function parseMetrics(exposition: string): Metrics {
  const samples = new Map<string, number>()
  for (const line of exposition.split('\n')) {
    const end = line.lastIndexOf(' ')
    if (end > 0 && !line.startsWith('#')) samples.set(line.slice(0, end), Number(line.slice(end + 1)))
  }
  return samples
}

/** Sum of the samples of a name that have all these labels; 0 if there is none. */
export function metricSum(metrics: Metrics, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  let sum = 0
  for (const [sample, value] of metrics) {
    const [own, rest = ''] = sample.split(/[{}]/)
    const has = rest.split(/,(?=[a-z_]+=")/)
    if (own === name && wanted.every((label) => has.includes(label))) sum += value
  }
  return sum
}
