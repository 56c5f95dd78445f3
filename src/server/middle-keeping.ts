import type { Config } from '../config/schema.ts'
import type { FetchText } from '../net/fetch-text.ts'
import { DirectoryKeeper } from '../telegram/middle/directory-keeper.ts'
import type { MiddleKnowledge } from '../telegram/middle/middle-directory.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import { middleFolder } from './state-files.ts'

export interface MiddleKeepingDependencies {
  readonly log: Log
  readonly fetchText: FetchText
  /** Of this host, as the Internet sees it. */
  publicAddresses(config: Config): Promise<readonly string[]>
  changed(knowledge: MiddleKnowledge): void
}

/** Keeps what workers know of middle proxies; asks nobody while nobody goes by them. */
export class MiddleKeeping {
  readonly #config: Config
  readonly #keeper: DirectoryKeeper

  constructor(config: Config, { log, fetchText, publicAddresses, changed }: MiddleKeepingDependencies) {
    this.#config = config
    const { middle } = config.telegram
    this.#keeper = new DirectoryKeeper(
      {
        addresses: middle.addresses,
        secretFile: middle.secret_file,
        secretUrl: middle.secret_url,
        configUrl: middle.config_url,
        refresh: middle.refresh,
        folder: middleFolder(config.state.dir),
      },
      {
        log,
        changed,
        fetch: fetchText,
        publicAddresses: () => publicAddresses(config),
        random: Math.random,
        after: (milliseconds, run) => {
          const timer = setTimeout(run, milliseconds).unref()
          return { cancel: () => clearTimeout(timer) }
        },
      },
    )
  }

  get knowledge(): MiddleKnowledge {
    return this.#keeper.knowledge
  }

  /** Whenever users have changed: the first with an ad tag begins it. */
  async apply(users: Config['users']): Promise<void> {
    const isUsed =
      this.#config.telegram.via === 'middle' ||
      Object.values(users).some(({ ad_tag: tag }) => tag !== undefined)
    if (isUsed) await this.#keeper.begin()
  }

  stop(): void {
    this.#keeper.stop()
  }
}
