import { authenticationTables } from './authentication-report.ts'
import type { Latency } from './load/jobs/job.ts'
import type { ClassicResult } from './middle/measure-classic.ts'
import { type MiddleResult, ROADS } from './middle/measure-middle.ts'
import { figure, table } from './table.ts'
import type { Authentication } from './workloads/authentication.ts'
import type { Sample } from './workloads/cpu.ts'
import type { IdleMemory, StalledMemory } from './workloads/memory.ts'
import type { WorkName } from './workloads/work.ts'
import { WORKS } from './workloads/work.ts'

/** Everything that a run has measured; this is the JSON. */
export interface Results {
  readonly machine: {
    node: string
    cores: number
    load: number
    kernel: string
    front: string
    portico: string
  }
  readonly rounds: number
  readonly works: { readonly name: WorkName; readonly samples: readonly Sample[] }[]
  readonly firstByte: { readonly subject: string; readonly latency: Latency; readonly failed: number }[]
  readonly idle: IdleMemory[]
  readonly stalled: StalledMemory[]
  authentication?: Authentication
  readonly middle: MiddleResult[]
  readonly classic: ClassicResult[]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function markdown(results: Results): string {
  const { machine, rounds } = results
  const head = `Node ${machine.node}, Linux ${machine.kernel}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the start; portico: ${machine.portico}; front: ${machine.front}; medians of ${rounds} interleaved rounds.`
  const parts = [worksTable, firstByteTable, idleTable, stalledTable, middleTable, classicTable].map((part) =>
    part(results),
  )
  if (results.authentication) parts.push(...authenticationTables(results.authentication))
  return [head, ...parts.filter((part) => part !== ''), failures(results)].filter(Boolean).join('\n\n')
}

function worksTable({ works }: Results): string {
  const subjects = [...new Set(works.flatMap(({ samples }) => samples.map(({ subject }) => subject)))]
  const others = subjects.includes('portico') ? subjects.filter((subject) => subject !== 'portico') : []
  const rows = works.flatMap(({ name, samples }) => {
    const { title, unit } = WORKS[name]
    const rowOf = (what: string, value: (sample: Sample) => number | undefined) => {
      const figures = subjects.map((subject) => figuresOf(subject, samples, value))
      const ours = figures[subjects.indexOf('portico')]
      const ratios = others.map((other) => ratio(ours, figures[subjects.indexOf(other)]))
      return [`${title}: ${what}`, ...figures.map(spread), ...ratios]
    }
    const instructions = samples.some((sample) => sample.instructions !== undefined)
    return [
      rowOf(unit, (sample) => sample.cpu),
      ...(instructions ? [rowOf('instructions', (sample) => sample.instructions)] : []),
    ]
  })
  return table(['Same work', ...subjects, ...others.map((other) => `portico ÷ ${other}`)], rows)
}

function figuresOf(
  subject: string,
  samples: readonly Sample[],
  value: (sample: Sample) => number | undefined,
): number[] {
  return samples.filter((sample) => sample.subject === subject).map((sample) => value(sample) ?? Number.NaN)
}

function spread(figures: readonly number[]): string {
  if (figures.length === 0) return '–'
  return `${figure(median(figures))} (${figure(Math.min(...figures))}–${figure(Math.max(...figures))})`
}

function ratio(ours: readonly number[] | undefined, theirs: readonly number[] | undefined): string {
  return ours && theirs ? `${figure(median(ours) / median(theirs))} ×` : '–'
}

function firstByteTable({ firstByte }: Results): string {
  return table(
    ['First byte from the data centre after connect', 'flight p50 ms', 'p50 ms', 'p90 ms'],
    firstByte.map(({ subject, latency }) => [
      subject,
      latency.flightP50 > 0 ? figure(latency.flightP50) : '–',
      figure(latency.p50),
      figure(latency.p90),
    ]),
  )
}

function idleTable({ idle }: Results): string {
  return table(
    ['Idle sessions', 'resident before, MB', 'KiB per session'],
    idle.map(({ subject, empty, kibPerSession }) => [subject, figure(empty), figure(kibPerSession)]),
  )
}

function stalledTable({ stalled }: Results): string {
  return table(
    [
      '200 stalled readers',
      'growth MB',
      '2,000 requests of others, s',
      'complete afterwards',
      '10 MB to the silent',
    ],
    stalled.map((row) => [
      row.subject,
      figure(row.growth),
      figure(row.othersSeconds),
      `${row.drained} of ${row.readers}`,
      `${row.silent} of ${row.silentOf}`,
    ]),
  )
}

function middleTable({ middle }: Results): string {
  const titles = [...new Set(middle.map(({ title }) => title))]
  const rows = titles.map((title) => {
    const of = middle.filter((result) => result.title === title)
    const [direct, by] = ROADS.map((road) => of.filter((one) => one.road === road).map(({ cpu }) => cpu))
    return [`${title}: ${of[0]!.unit}`, spread(direct!), spread(by!), ratio(by, direct)]
  })
  return table(['portico, without FakeTLS', ...ROADS, 'middle ÷ direct'], rows)
}

function classicTable({ classic }: Results): string {
  return table(
    [
      'Classic session among 10,000 users, to the first answer',
      'p50 ms',
      'p90 ms',
      'CPU ms',
      'loop delay p99 ms',
    ],
    classic.map(({ who, p50, p90, cpu, loopDelay }) => [who, ...[p50, p90, cpu, loopDelay].map(figure)]),
  )
}

function failures({ works, idle, firstByte }: Results): string {
  const lines = [
    ...works.flatMap(({ name, samples }) =>
      samples
        .filter(({ failed }) => failed > 0)
        .map(({ subject, failed, failure }) => `${name}, ${subject}: ${failed} failed (${failure})`),
    ),
    ...idle
      .filter(({ failed }) => failed > 0)
      .map(({ subject, failed, failure }) => `idle, ${subject}: ${failed} failed (${failure})`),
    ...firstByte
      .filter(({ failed }) => failed > 0)
      .map(({ subject, failed }) => `first byte, ${subject}: ${failed} failed`),
  ]
  return lines.length === 0 ? '' : `**Failed:**\n${lines.map((line) => `- ${line}`).join('\n')}`
}
