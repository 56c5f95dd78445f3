import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import type { FetchText } from '../net/fetch-text.ts'
import type { Log } from '../telemetry/log.ts'
import { type Change, NO_CHANGE } from './change.ts'
import { IpListKeeper, type PublishedLists } from './ip-lists/ip-list-keeper.ts'
import type { KeptList } from './ip-lists/kept-list.ts'
import { ListHits } from './ip-lists/list-hits.ts'
import { listFolder } from './state-files.ts'

/** So far behind the states of a keeper those of its successor begin: until then both publish. */
const GENERATIONS_BETWEEN = 1000

export interface ListKeepingOptions {
  readonly stateDir: string
  readonly inForce: SharedArrayBuffer
  readonly workers: number
}

export interface ListKeepingDependencies {
  readonly log: Log
  readonly fetchText: FetchText
  announce(published: PublishedLists): void
}

interface Kept {
  readonly keeper: IpListKeeper
  readonly hits: SharedArrayBuffer
  readonly configured: Config['lists']
  /** Nobody hears of it before. */
  isInForce: boolean
}

/** The lists of addresses, of which there may be others while portico runs. */
export class ListKeeping {
  readonly #options: ListKeepingOptions
  readonly #dependencies: ListKeepingDependencies
  #kept: Kept | undefined

  constructor(options: ListKeepingOptions, dependencies: ListKeepingDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  get lists(): readonly KeptList[] {
    return this.#kept?.keeper.lists ?? []
  }

  get hits(): ListHits {
    return new ListHits(this.hitsMemory)
  }

  get hitsMemory(): SharedArrayBuffer {
    return this.#kept?.hits ?? new SharedArrayBuffer(0)
  }

  get published(): PublishedLists {
    return this.#kept?.keeper.published ?? { generation: 0, lists: [] }
  }

  get trouble(): string | undefined {
    return this.#kept?.keeper.trouble
  }

  /** Reads what is on this machine; what is elsewhere follows. */
  async prepare({ lists }: Pick<Config, 'lists'>): Promise<Change & Partial<ListParts>> {
    const before = this.#kept
    if (before && isDeepStrictEqual(sourcesOf(before.configured), sourcesOf(lists))) return NO_CHANGE
    const kept = this.#keep(lists)
    await kept.keeper.begin()
    return {
      lists: kept.keeper.published,
      listHits: kept.hits,
      commit: () => {
        before?.keeper.stop()
        kept.isInForce = true
        this.#kept = kept
        this.#dependencies.announce(kept.keeper.published)
      },
      discard: () => kept.keeper.stop(),
    }
  }

  stop(): void {
    this.#kept?.keeper.stop()
  }

  #keep(configured: Config['lists']): Kept {
    const { stateDir, inForce, workers } = this.#options
    const { log, announce, fetchText } = this.#dependencies
    const kept: Kept = {
      keeper: new IpListKeeper(
        {
          lists: configured,
          dir: listFolder(stateDir),
          inForce,
          after: this.#kept === undefined ? 0 : this.published.generation + GENERATIONS_BETWEEN,
        },
        { log, fetchText, announce: (published) => kept.isInForce && announce(published) },
      ),
      hits: new SharedArrayBuffer(ListHits.bytes(workers)),
      configured,
      isInForce: false,
    }
    return kept
  }
}

/** What of it workers are told. */
export interface ListParts {
  readonly lists: PublishedLists
  readonly listHits: SharedArrayBuffer
}

/** What becomes of somebody who is listed is no matter of the keeper's. */
function sourcesOf({ block, only, refresh }: Config['lists']) {
  return { block, only, refresh }
}
