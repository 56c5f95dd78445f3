import { join } from 'node:path'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

/** What makes an installation's built-in site its own. */
export interface Seed {
  /** 64 hex digits. */
  readonly text: string
  /** When it was drawn: the date of the generated page. */
  readonly since: Date
}

/** The seed kept in `folder`, or a new one where there is none or it is damaged. File: hex, space, Unix seconds. */
export function keptSeed(
  folder: string,
  { now, random }: { now: () => number; random: (n: number) => Buffer },
): Seed {
  const path = join(folder, 'seed')
  const kept = /^([0-9a-f]{64}) (\d{1,11})\n$/.exec(readPrivateFile(path) ?? '')
  if (kept) return { text: kept[1]!, since: new Date(Number(kept[2]) * 1000) }
  const seed = { text: random(32).toString('hex'), since: new Date(Math.floor(now() / 1000) * 1000) }
  writePrivateFile(path, `${seed.text} ${seed.since.getTime() / 1000}\n`)
  return seed
}
