import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import type { MiddleKnowledge } from '../telegram/middle/middle-directory.ts'
import { type Change, NO_CHANGE } from './change.ts'
import { MiddleKeeping, type MiddleKeepingDependencies } from './middle-keeping.ts'

/** What must be downloaded comes when it comes: a reload does not wait for it longer. */
const PATIENCE = 3000

interface Kept {
  readonly keeping: MiddleKeeping
  readonly config: Config
  /** Nobody hears of it before. */
  isInForce: boolean
}

/** What is known of middle proxies, which may have to be asked for elsewhere while portico runs. */
export class MiddleBook {
  readonly #dependencies: MiddleKeepingDependencies
  #kept: Kept | undefined

  constructor(dependencies: MiddleKeepingDependencies) {
    this.#dependencies = dependencies
  }

  /** @throws TypeError before anything was committed */
  get knowledge(): MiddleKnowledge {
    if (!this.#kept) throw new TypeError('nothing is known of middle proxies yet')
    return this.#kept.keeping.knowledge
  }

  async prepare(config: Config): Promise<Change & { readonly middle?: MiddleKnowledge }> {
    const before = this.#kept
    if (before && isDeepStrictEqual(sourcesOf(before.config), sourcesOf(config))) {
      // The first user with an ad tag begins it.
      return { ...NO_CHANGE, commit: () => void before.keeping.apply(config.users) }
    }
    const kept = this.#keep(config)
    const reading = kept.keeping.apply(config.users)
    await (before
      ? Promise.race([reading, new Promise((resolve) => setTimeout(resolve, PATIENCE))])
      : reading)
    return {
      middle: kept.keeping.knowledge,
      commit: () => {
        before?.keeping.stop()
        kept.isInForce = true
        this.#kept = kept
      },
      discard: () => kept.keeping.stop(),
    }
  }

  stop(): void {
    this.#kept?.keeping.stop()
  }

  #keep(config: Config): Kept {
    const { changed, ...more } = this.#dependencies
    const kept: Kept = {
      keeping: new MiddleKeeping(config, {
        ...more,
        changed: (knowledge) => kept.isInForce && changed(knowledge),
      }),
      config,
      isInForce: false,
    }
    return kept
  }
}

function sourcesOf({ telegram, public_addresses: addresses, public_host: host, upstream, dns }: Config) {
  return { middle: telegram.middle, via: telegram.via, addresses, host, upstream, dns }
}
