import type { Running, SiteNews } from '../server/supervisor.ts'
import type { Log } from '../telemetry/log.ts'
import type { Output } from './surroundings.ts'

export interface Telling {
  readonly human: Output
  readonly log: Pick<Log, 'warn'>
  /** The person at the terminal sees the log there. */
  readonly logIsRead: boolean
}

/** Says what is known of the sites by now, as a part of the start, and then whatever becomes known of them. */
export function tellOfSites(running: Pick<Running, 'onSites'>, telling: Telling): void {
  const { human, log, logIsRead } = telling
  const later = ({ warning: { code, message } }: SiteNews) => {
    if (human.isTerminal && !logIsRead) human.write(`warning: ${message}\n`)
    log.warn(message, { code })
  }
  for (const { warning } of running.onSites(later)) {
    if (human.isTerminal) human.write(`warning: ${warning.message}\n`)
    if (!logIsRead) log.warn(warning.message, { code: warning.code })
  }
}
