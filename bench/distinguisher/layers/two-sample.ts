import type { FirstFlight } from '../features/first-flight.ts'
import { chiSquare } from '../statistics/chi-square.ts'
import { holm } from '../statistics/holm.ts'
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.ts'

export const ALPHA = 0.01

export interface SampleTest {
  readonly what: string
  readonly test: 'χ²' | 'KS'
  readonly statistic: number
  /** As the test has it, and corrected for all tests of the comparison (Holm) and all comparisons of the run (Bonferroni). */
  readonly p: number
  readonly adjusted: number
}

export interface TwoSample {
  readonly count: number
  /** Those whose corrected p is below `ALPHA`, the least likely first. */
  readonly rejected: readonly SampleTest[]
  /** The least likely of all. */
  readonly least: SampleTest | undefined
}

/** Layer 2: whether both samples come from one distribution; χ² of what is discrete and of each byte, KS of what is not. `comparisons`: of how many such comparisons the run consists. */
export function twoSample(
  front: readonly FirstFlight[],
  other: readonly FirstFlight[],
  comparisons = 1,
): TwoSample {
  const tests = [...discrete(front, other), ...continuous(front, other), ...bytewise(front, other)]
  const adjusted = holm(tests.map(({ p }) => p))
  const all = tests
    .map((test, at) => ({ ...test, adjusted: Math.min(1, comparisons * adjusted[at]!) }))
    .sort((a, b) => a.adjusted - b.adjusted || a.p - b.p)
  return { count: all.length, rejected: all.filter((test) => test.adjusted < ALPHA), least: all[0] }
}

type Raw = Omit<SampleTest, 'adjusted'>

function discrete(front: readonly FirstFlight[], other: readonly FirstFlight[]): Raw[] {
  const values = (flights: readonly FirstFlight[], name: string) =>
    flights.map(({ categorical, sizes }) => String(categorical[name] ?? sizes[name] ?? 'absent'))
  const names = new Set(
    [...front, ...other].flatMap(({ categorical, sizes }) => [
      ...Object.keys(categorical),
      ...Object.keys(sizes),
    ]),
  )
  return [...names].map((what) => ({
    what,
    test: 'χ²',
    ...chiSquare(values(front, what), values(other, what)),
  }))
}

function continuous(front: readonly FirstFlight[], other: readonly FirstFlight[]): Raw[] {
  const names = new Set([...front, ...other].flatMap((flight) => Object.keys(flight.continuous)))
  const values = (flights: readonly FirstFlight[], name: string) =>
    flights.flatMap((flight) => flight.continuous[name] ?? [])
  return [...names].map((what) => ({
    what,
    test: 'KS',
    ...kolmogorovSmirnov(values(front, what), values(other, what)),
  }))
}

/** Of each byte its high four bits, because 256 classes would need thousands of flights. */
function bytewise(front: readonly FirstFlight[], other: readonly FirstFlight[]): Raw[] {
  const names = new Set([...front, ...other].flatMap(({ parts }) => Object.keys(parts)))
  return [...names].flatMap((name) => {
    const all = [...front, ...other].map(({ parts }) => parts[name]!.length)
    return Array.from({ length: Math.min(...all) }, (_, at): Raw => {
      const [one, two] = [front, other].map((flights) =>
        flights.map(({ parts }) => String(parts[name]![at]! >> 4)),
      )
      return { what: `byte ${at} of the ${name}`, test: 'χ²', ...chiSquare(one!, two!) }
    })
  })
}
