import type { Config } from '../config/schema.ts'
import type { Running, SiteNews } from '../server/supervisor.ts'
import type { Log } from '../telemetry/log.ts'
import { frontText } from './start-text.ts'
import type { Output } from './surroundings.ts'

export interface Telling {
  readonly human: Output
  readonly log: Pick<Log, 'warn' | 'debug'>
  /** The person at the terminal sees the log there. */
  readonly logIsRead: boolean
  /** How users are answered. */
  readonly answer: Config['front']['answer']
}

/** Says what is known of the sites by now, as a part of the start, and then whatever becomes known of them. */
export function tellOfSites(running: Pick<Running, 'onSites'>, telling: Telling): void {
  const { human, log, logIsRead } = telling
  const later = (news: SiteNews) => {
    const isLogged = news.type === 'warning'
    if (human.isTerminal && !(isLogged && logIsRead)) say(news, telling)
    put(news, log)
  }
  for (const news of running.onSites(later)) {
    // A daemon's standard error has the lines of the start, and its log the warnings.
    if (human.isTerminal || news.type === 'learned') say(news, telling)
    if (!(logIsRead && news.type === 'warning')) put(news, log)
  }
}

function say(news: SiteNews, { human, answer }: Telling): void {
  const text =
    news.type === 'warning' ? `warning: ${news.warning.message}` : frontText(news.site, news.facts, answer)
  if (text !== undefined) human.write(`${text}\n`)
}

function put(news: SiteNews, log: Telling['log']): void {
  if (news.type === 'warning') return log.warn(news.warning.message, { code: news.warning.code })
  const { tls13, mlkem, records } = news.facts
  log.debug('what a front answers is known', { domain: news.site.domain, tls13, mlkem, records })
}
