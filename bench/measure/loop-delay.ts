import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Option of Node with which a subject's threads write into the folder. */
export function loopProbe(folder: string): string {
  const probe = pathToFileURL(join(import.meta.dirname, 'loop-probe.ts'))
  probe.searchParams.set('folder', folder)
  return `--import=${probe.href}`
}

/** The longest stretch, milliseconds, that one of the threads was at work without a look at its timers, between two times. */
export function worstStretch(folder: string, from: number, to: number): number {
  let worst = 0
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'latin1').split('\n')) {
      const [at = 0, micros = 0] = line.split(' ').map(Number)
      if (at > from && at <= to) worst = Math.max(worst, micros / 1000)
    }
  }
  return worst
}
