import type { FirstFlight } from '../features/first-flight.ts'

/** Something that one side has and the other has not. */
export interface Difference {
  readonly what: string
  readonly front: string
  readonly other: string
}

/** Fewer flights than this cannot tell a constant byte from chance. */
const LEAST_FLIGHTS = 8
/** A value that only one side has is chance unless that is less likely than one in ten thousand: 2⁻¹⁴ of equal samples. */
const FOREIGN_COUNT = 14
const SHOWN = 6

/** Layer 1: sets of values that must be equal, bytes that are always the same, sizes that one side never has. */
export function exactDifferences(front: readonly FirstFlight[], other: readonly FirstFlight[]): Difference[] {
  return [...categorical(front, other), ...foreignSizes(front, other), ...constantBytes(front, other)]
}

/** How many facts are compared as sets. */
export function factsCompared(flights: readonly FirstFlight[]): number {
  return namesOf(flights.map((flight) => flight.categorical)).length
}

function namesOf(records: readonly Readonly<Record<string, unknown>>[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))]
}

function categorical(front: readonly FirstFlight[], other: readonly FirstFlight[]): Difference[] {
  const values = (flights: readonly FirstFlight[], name: string) =>
    [...new Set(flights.map((flight) => flight.categorical[name] ?? 'absent'))].sort().join(' or ')
  return namesOf([...front, ...other].map((flight) => flight.categorical))
    .map((what) => ({ what, front: values(front, what), other: values(other, what) }))
    .filter((row) => row.front !== row.other)
}

function foreignSizes(front: readonly FirstFlight[], other: readonly FirstFlight[]): Difference[] {
  return namesOf([...front, ...other].map(({ sizes }) => sizes)).flatMap((name) => {
    const [one, two] = [front, other].map((flights) => flights.map(({ sizes }) => sizes[name] ?? 0))
    return foreignValues(name, one!, two!)
  })
}

/** Values of one sample that the other lacks, if that cannot be chance in samples of these sizes. */
export function foreignValues(
  what: string,
  front: readonly number[],
  other: readonly number[],
): Difference[] {
  const only = [foreign(front, other), foreign(other, front)]
  if (only.every(({ length }) => length === 0)) return []
  const say = (values: readonly string[]) => (values.length > 0 ? values.slice(0, SHOWN).join(', ') : 'never')
  return [{ what, front: say(only[0]!), other: say(only[1]!) }]
}

function foreign(of: readonly number[], lacking: readonly number[]): string[] {
  const counts = new Map<number, number>()
  for (const value of of) counts.set(value, (counts.get(value) ?? 0) + 1)
  const known = new Set(lacking)
  const alone = [...counts].filter(([value]) => !known.has(value)).sort((a, b) => b[1] - a[1])
  const total = alone.reduce((sum, [, count]) => sum + count, 0)
  const isLarge = alone.some(([, count]) => count >= FOREIGN_COUNT)
  // Many sizes of which each is rare: a range that the other side does not have.
  const isRange = total >= FOREIGN_COUNT && total > of.length / 4 && known.size < of.length / 4
  return isLarge || isRange ? alone.map(([value, count]) => `${value} (${count}×)`) : []
}

function constantBytes(front: readonly FirstFlight[], other: readonly FirstFlight[]): Difference[] {
  if (Math.min(front.length, other.length) < LEAST_FLIGHTS) return []
  return namesOf([...front, ...other].map(({ parts }) => parts)).flatMap((name) => {
    const [one, two] = [front, other].map((flights) => constants(flights.map(({ parts }) => parts[name]!)))
    const length = Math.min(one!.length, two!.length)
    const differ = Array.from({ length }, (_, at) => at).filter((at) => one![at] !== two![at])
    if (differ.length === 0) return []
    const say = (bytes: readonly (number | undefined)[]) =>
      differ.slice(0, SHOWN).map((at) => `${at}: ${bytes[at]?.toString(16).padStart(2, '0') ?? 'varies'}`)
    return [{ what: `bytes of the ${name}`, front: say(one!).join(', '), other: say(two!).join(', ') }]
  })
}

/** At each place the byte that all have there, or undefined. */
function constants(parts: readonly Uint8Array[]): (number | undefined)[] {
  const length = Math.min(...parts.map((part) => part.length))
  return Array.from({ length }, (_, at) => {
    const byte = parts[0]![at]!
    return parts.every((part) => part[at] === byte) ? byte : undefined
  })
}
