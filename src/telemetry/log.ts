import { isatty } from 'node:tty'
import pino from 'pino'
import { guarded, type Level, type Log } from './guarded-log.ts'
import { prettyLine } from './log-pretty.ts'
import { LogSink } from './log-sink.ts'
import { loggableFields, loggableText } from './loggable.ts'

export { EVENTS_PER_SECOND, type Level, type Log } from './guarded-log.ts'
export { isLogMessage, portLog, relayLog } from './port-log.ts'

export interface OpenLog extends Log {
  setLevel(level: Level): void
  /** Opens the file anew, after it was rotated away. On failure the old one stays in use and says so. */
  reopen(): void
  /**
   * Makes ready for other options; the log is as before until `commit`.
   * @throws LogFileError
   */
  prepare(options: LogOptions): { commit(): void; discard(): void }
  /** Everything that is still held goes out. Call it before an exit. */
  flush(): void
}

export interface LogOptions {
  readonly level: Level
  /** `auto`: pretty on a terminal, else NDJSON. */
  readonly format: 'auto' | 'json' | 'pretty'
  readonly file?: string | undefined
}

export interface LogDependencies {
  /** Standard output, unless told otherwise. */
  readonly fd?: number
  readonly terminal?: boolean
  readonly colour?: boolean
  readonly now?: () => number
}

/** The log file could not be opened. */
export class LogFileError extends Error {
  readonly code = 'log_file'
  readonly file: string

  constructor(file: string, cause: unknown) {
    super(`cannot write the log to ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
    this.name = 'LogFileError'
    this.file = file
  }
}

/** The log of the process, for its main thread: NDJSON or pretty lines, written synchronously. Throws LogFileError. */
export function openLog(options: LogOptions, dependencies: LogDependencies = {}): OpenLog {
  const { fd = 1, now = Date.now } = dependencies
  let { file } = options
  let look = lookOf(options, fd, dependencies)
  let sink = openSink(file, fd)
  const lines = {
    write: (json: string) => sink.write(look.pretty ? prettyLine(json, look.colour) : json),
  }
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  )
  const put = (level: Level, event: string, fields: object) => {
    const lost = sink.takeLost()
    if (lost > 0) logger.warn({ lines: lost }, 'log lines were lost')
    logger[level](loggableFields(fields), loggableText(event))
  }
  const log = guarded((level) => logger.isLevelEnabled(level), put, now)
  return {
    ...log,
    setLevel(level) {
      logger.level = level
    },
    reopen() {
      try {
        sink.reopen()
      } catch (error) {
        log.error('the log file could not be opened again', { file, error })
      }
    },
    prepare(next) {
      const other = next.file === file ? undefined : openSink(next.file, fd)
      return {
        commit() {
          logger.level = next.level
          look = lookOf(next, fd, dependencies)
          if (!other) return
          sink.flush()
          sink.close()
          sink = other
          file = next.file
        },
        discard: () => other?.close(),
      }
    },
    flush() {
      log.flush()
      sink.flush()
    },
  }
}

/** How lines look where they go. */
function lookOf({ file, format }: LogOptions, fd: number, { terminal, colour }: LogDependencies) {
  const isTerminal = terminal ?? (file === undefined && isatty(fd))
  return { pretty: format === 'pretty' || (format === 'auto' && isTerminal), colour: colour ?? isTerminal }
}

function openSink(file: string | undefined, fd: number): LogSink {
  try {
    return new LogSink(file === undefined ? { fd } : { file })
  } catch (error) {
    throw new LogFileError(file ?? '', error)
  }
}
