import { guarded, LEVELS, type Level, type Log } from './guarded-log.ts'
import { type LoggableFields, loggableFields, loggableText } from './loggable.ts'

/** What a worker posts to the supervisor for each line. */
export interface LogMessage {
  readonly type: 'log'
  readonly level: Level
  readonly event: string
  readonly fields: LoggableFields
}

export interface PortLogOptions {
  /** Lines below it are not even posted. Default: all are. */
  readonly level?: Level
  /** Stand in every line, e.g. `{ worker: 2 }`. */
  readonly fields?: object
  readonly now?: () => number
}

/** The log of a worker: it owns no destination, it posts. */
export function portLog(
  port: { postMessage(message: unknown): void },
  options: PortLogOptions = {},
): Log & { readonly level: Level; setLevel(level: Level): void; flush(): void } {
  let lowest = LEVELS.indexOf(options.level ?? 'debug')
  const post = (level: Level, event: string, fields: object) => {
    const message: LogMessage = {
      type: 'log',
      level,
      event: loggableText(event),
      fields: loggableFields({ ...options.fields, ...fields }),
    }
    port.postMessage(message)
  }
  return {
    ...guarded((level) => LEVELS.indexOf(level) >= lowest, post, options.now ?? Date.now),
    get level() {
      return LEVELS[lowest] as Level
    },
    setLevel(level) {
      lowest = LEVELS.indexOf(level)
    },
  }
}

export function isLogMessage(message: unknown): message is LogMessage {
  if (typeof message !== 'object' || message === null) return false
  return 'type' in message && message.type === 'log'
}

/** Writes what a worker has posted. */
export function relayLog(log: Log, message: LogMessage): void {
  log[message.level](message.event, message.fields)
}
