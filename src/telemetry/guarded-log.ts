import { RateGuard } from './rate-guard.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** `event` is a short constant sentence, what varies stands in the fields. Never a secret in either. */
export interface Log {
  debug(event: string, fields?: object): void
  info(event: string, fields?: object): void
  warn(event: string, fields?: object): void
  error(event: string, fields?: object): void
}

/** Identical events that are let through in one second; the others are summed up in one line. */
export const EVENTS_PER_SECOND = 50

/** The four methods over one, with the guard against floods in between. */
export function guarded(
  enabled: (level: Level) => boolean,
  put: (level: Level, event: string, fields: object) => void,
  now: () => number,
): Log & { flush(): void } {
  const guard = new RateGuard<Level>(EVENTS_PER_SECOND, now, (level, event, more) =>
    put(level, event, { more }),
  )
  const log = (level: Level, event: string, fields: object) => {
    if (!enabled(level)) return
    // A worker's guard has summed up already: what it counted must not get lost here.
    const times = 'more' in fields && typeof fields.more === 'number' ? fields.more : 1
    if (guard.admits(level, event, times)) put(level, event, fields)
  }
  return {
    debug: (event, fields = {}) => log('debug', event, fields),
    info: (event, fields = {}) => log('info', event, fields),
    warn: (event, fields = {}) => log('warn', event, fields),
    error: (event, fields = {}) => log('error', event, fields),
    flush: () => guard.flush(),
  }
}
