import { availableParallelism, totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'

/** At or below it one worker serves: each further one costs 10 to 13 MB. */
const SMALL_MACHINE = 1024 ** 3

/** Bytes that this process may use: the cgroup's limit where there is one. */
export function availableMemory(): number {
  const limit = constrainedMemory()
  return limit && limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

export function workerCount(configured: number | 'auto'): number {
  if (configured !== 'auto') return configured
  return availableMemory() <= SMALL_MACHINE ? 1 : availableParallelism()
}
