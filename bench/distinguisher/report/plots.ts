import type { Classified } from '../classifiers/cross-validation.ts'
import { judgedInterval } from '../judged-interval.ts'
import type { FrontResult } from '../results.ts'
import { cumulative, type IntervalRow, intervals } from './svg.ts'

/** The plots of one front: file name and SVG. `width`: of the intervals, in standard errors. */
export function plotsOf({ front, classes, flows }: FrontResult, width: number): Map<string, string> {
  const plots = new Map<string, string>()
  const rows = [
    ...classes.flatMap(({ clientClass, firstFlight, jittered }) => [
      ...pair(`first flight, ${clientClass}`, firstFlight, width),
      ...pair(`timing with jitter, ${clientClass}`, jittered, width),
    ]),
    ...pair("server's first 20 records", flows?.serverDirection, width),
    ...pair('behind the flight', flows?.afterTheFlight, width),
    ...pair('whole flow', flows?.wholeFlow, width),
  ]
  if (rows.length > 0) {
    plots.set(
      `${front}-auc.svg`,
      intervals(`AUC before ${front}, intervals as judged`, rows, ['null', '', 'portico']),
    )
  }
  const [own, again, ours] = [0, 1, 2].map((arm) => classes.flatMap(({ times }) => times[arm]!))
  if (own!.length > 0) {
    const series = [
      { name: 'front', values: own! },
      { name: 'front again', values: again! },
      { name: 'portico', values: ours! },
    ]
    plots.set(`${front}-time.svg`, cumulative(`From hello to flight before ${front}`, 'ms', series))
  }
  const kem = {
    own: classes.flatMap(({ likelihoods }) => likelihoods.nothing),
    ours: classes.flatMap(({ likelihoods }) => likelihoods.portico),
  }
  if (kem.own.length > 0 && kem.ours.length > 0) {
    const series = [
      { name: 'front', values: kem.own },
      { name: '', values: [] },
      { name: 'portico', values: kem.ours },
    ]
    plots.set(
      `${front}-ml-kem.svg`,
      cumulative(`ML-KEM likelihood before ${front} (random bytes: about −6.5)`, 'nats', series),
    )
  }
  return plots
}

function pair(
  label: string,
  both: { nothing: Classified; portico: Classified } | undefined,
  width: number,
): IntervalRow[] {
  if (!both) return []
  const row = ({ combined }: Classified, kind: number): IntervalRow => ({
    label: kind === 0 ? `${label}: null` : label,
    value: combined.auc,
    ...judgedInterval(combined, width),
    kind,
  })
  return [row(both.nothing, 0), row(both.portico, 2)]
}
