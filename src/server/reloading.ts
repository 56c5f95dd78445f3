import { dirname } from 'node:path'
import type { Loaded } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { FileWatch } from '../config/watch.ts'
import type { ReloadReport } from '../control/answers.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import type { Applied } from './reconfigure.ts'

export type ReloadTrigger = ReloadReport['trigger']

/** Where a configuration comes from. */
export interface ConfigSource {
  /** Absolute. */
  readonly file: string
  load(): Loaded
}

export interface ReloadingDependencies {
  readonly log: Log
  /** The supervisor's row. */
  readonly counters: Counters
  /** @throws what says why it cannot be */
  apply(config: Config): Promise<Applied>
  isStopping(): boolean
}

/** Reports that are kept. */
const MOST_REPORTS = 20
/** Names of a long change that a log line shows. */
const MOST_NAMES = 20

/** Reads the configuration again when its files change, at a signal or a command, one reading at a time. */
export class Reloading {
  readonly #source: ConfigSource | undefined
  readonly #dependencies: ReloadingDependencies
  readonly #watch: FileWatch
  readonly #history: ReloadReport[] = []
  #running: Promise<ReloadReport> | undefined
  #next: Promise<ReloadReport> | undefined

  constructor(source: ConfigSource | undefined, dependencies: ReloadingDependencies) {
    this.#source = source
    this.#dependencies = dependencies
    this.#watch = new FileWatch(() => void this.reload('file'))
  }

  /** The last ones, the latest last. */
  get history(): readonly ReloadReport[] {
    return this.#history
  }

  /** Looks after the files from now on. */
  begin(config: Config): void {
    if (this.#source) this.#watch.follow(filesOf(config))
  }

  stop(): void {
    this.#watch.stop()
  }

  /** Whoever asks during a reading gets another one, which begins when that is done: it may have missed the change. */
  reload(trigger: ReloadTrigger): Promise<ReloadReport> {
    if (!this.#running) return this.#start(trigger)
    this.#next ??= this.#running.then(() => {
      this.#next = undefined
      return this.#start(trigger)
    })
    return this.#next
  }

  #start(trigger: ReloadTrigger): Promise<ReloadReport> {
    const running = this.#reload(trigger).finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }

  async #reload(trigger: ReloadTrigger): Promise<ReloadReport> {
    const began = performance.now()
    const at = new Date().toISOString()
    const outcome = await this.#attempt()
    const report = { at, trigger, ...outcome, milliseconds: Math.round(performance.now() - began) }
    this.#tell(report)
    return report
  }

  async #attempt(): Promise<Pick<ReloadReport, 'result' | 'changed' | 'restart' | 'problems'>> {
    const nothing = { changed: [], restart: [] }
    const { log, apply, isStopping } = this.#dependencies
    const source = this.#source
    if (!source) return { result: 'refused', ...nothing, problems: ['there is no file to read again'] }
    if (isStopping()) return { result: 'refused', ...nothing, problems: ['portico is stopping'] }
    try {
      this.#watch.acknowledge()
      const loaded = source.load()
      if (!loaded.ok) {
        const dir = dirname(source.file)
        return {
          result: 'refused',
          ...nothing,
          problems: loaded.problems.map((each) => formatProblem(each, dir)),
        }
      }
      const { changed, restart } = await apply(loaded.config)
      this.#watch.follow(filesOf(loaded.config))
      if (changed.length > 0) for (const warning of loaded.warnings) log.warn(warning)
      return { result: changed.length > 0 ? 'applied' : 'unchanged', changed, restart, problems: [] }
    } catch (error) {
      const { message } = error as Error
      if (!(error instanceof Error && 'code' in error)) log.error('a reload failed', { error })
      return { result: 'refused', ...nothing, problems: [message] }
    }
  }

  #tell(report: ReloadReport): void {
    const { log, counters } = this.#dependencies
    const { trigger, result, changed, restart, problems, milliseconds } = report
    counters.configReloads.add(1, result)
    this.#history.push({ ...report, changed: shortened(changed), problems: shortened(problems) })
    if (this.#history.length > MOST_REPORTS) this.#history.shift()
    if (result === 'refused') {
      log.error('configuration refused; everything stays as it was', {
        trigger,
        problems: shortened(problems),
      })
    } else if (result === 'applied') {
      log.info('configuration in force', { trigger, changed: shortened(changed), milliseconds })
    }
    if (restart.length > 0) log.warn('only a restart brings these in', { keys: restart })
  }
}

function filesOf({ file, users_file: users }: Config): string[] {
  return users === undefined ? [file] : [file, users]
}

function shortened(names: readonly string[]): string[] {
  const rest = names.length - MOST_NAMES
  return rest <= 0 ? [...names] : [...names.slice(0, MOST_NAMES), `and ${rest} more`]
}
