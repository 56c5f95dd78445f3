import { readFileSync } from 'node:fs'
import { WrongOption } from './options.ts'
import type { Run } from './results.ts'

/**
 * What `--out` wrote as report.json.
 * @throws WrongOption where there is no such file, or it is something else
 */
export function earlierRun(file: string): Run {
  const read = contents(file)
  if (!isRun(read)) throw new WrongOption(`--again ${file}: not a report.json of this program`)
  return read
}

function contents(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new WrongOption(`--again ${file}: ${code === undefined ? 'not JSON' : message}`)
  }
}

function isRun(read: unknown): read is Run {
  if (typeof read !== 'object' || read === null) return false
  const { fronts, minutes, seed } = read as Partial<Run>
  return (
    Number.isFinite(minutes) &&
    Number.isFinite(seed) &&
    Array.isArray(fronts) &&
    fronts.every(
      (each: Partial<Run['fronts'][number]> | null) =>
        typeof each?.front === 'string' && Array.isArray(each.classes),
    )
  )
}
