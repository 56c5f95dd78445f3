import type { Endpoint } from '../../net/endpoint.ts'
import type { Log } from '../../telemetry/log.ts'
import { type BuiltInSiteOptions, type SiteThread, startSiteThread } from './site-thread.ts'

export type { BuiltInSiteOptions } from './site-thread.ts'

const FIRST_BACK_OFF_MILLISECONDS = 100
const LONGEST_BACK_OFF_MILLISECONDS = 30_000
/** A thread that lived so long has earned a quick restart again. */
const STEADY_MILLISECONDS = 60_000

export interface BuiltInSite {
  /** 127.0.0.1 and a port that stays the same while this lives. */
  readonly endpoint: Endpoint
  close(): Promise<void>
}

export interface BuiltInSiteDependencies {
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly startThread?: typeof startSiteThread
}

/**
 * Starts the built-in site in its own thread and keeps it there: a thread that dies is replaced on the same port.
 * @throws BuiltInSiteError where it cannot start at all (the state folder cannot be written, no port is free)
 */
export async function startBuiltInSite(
  options: BuiltInSiteOptions,
  { log, startThread = startSiteThread }: BuiltInSiteDependencies,
): Promise<BuiltInSite> {
  let running = startThread(options, 0, log)
  const port = await running.listening
  let backOff = FIRST_BACK_OFF_MILLISECONDS
  let restart: NodeJS.Timeout | undefined
  let closing = false

  const keep = async (thread: SiteThread) => {
    const since = Date.now()
    const reason = await thread.ended
    if (closing) return
    if (Date.now() - since > STEADY_MILLISECONDS) backOff = FIRST_BACK_OFF_MILLISECONDS
    log.warn('built-in site ended, starting it again', { reason, milliseconds: backOff })
    restart = setTimeout(startAgain, backOff)
    backOff = Math.min(backOff * 2, LONGEST_BACK_OFF_MILLISECONDS)
  }
  const startAgain = () => {
    running = startThread(options, port, log)
    void running.listening.then(
      () => log.info('built-in site is back', { port }),
      () => {}, // `ended` tells the same
    )
    void keep(running)
  }

  void keep(running)
  return {
    endpoint: { kind: 'tcp', host: '127.0.0.1', port },
    async close() {
      closing = true
      clearTimeout(restart)
      await running.stop()
    },
  }
}
