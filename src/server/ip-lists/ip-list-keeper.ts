import type { SharedIpList } from '../../access/ip-list/ip-lists.ts'
import type { Config } from '../../config/schema.ts'
import type { FetchText } from '../../net/fetch-text.ts'
import type { Log } from '../../telemetry/guarded-log.ts'
import { keepFetching } from './fetched-list.ts'
import { FileList } from './file-list.ts'
import { KeptList } from './kept-list.ts'
import { ListCopies } from './list-copies.ts'
import { listSources } from './list-sources.ts'

/** The lists as all workers are to have them; each state of theirs has its number. */
export interface PublishedLists {
  readonly generation: number
  readonly lists: readonly SharedIpList[]
}

/** Until then every worker has a new state in its hands, and all take it into use at the same moment. */
const HANDOVER_MILLISECONDS = 100

export interface IpListKeeperOptions {
  readonly lists: Config['lists']
  /** Folder of the last good copies. */
  readonly dir: string
  /** One word: the generation in force. */
  readonly inForce: SharedArrayBuffer
  /** Where this keeper takes the place of another: the last generation of that one. */
  readonly after?: number
}

export interface IpListKeeperDependencies {
  readonly log: Log
  readonly fetchText: FetchText
  /** Hands a new state to all workers, which use it once its generation is in force. */
  announce(published: PublishedLists): void
}

/** Brings the lists of addresses, keeps them up to date, and hands them to the workers. */
export class IpListKeeper {
  readonly lists: readonly KeptList[]
  #published: PublishedLists
  readonly #refresh: number
  readonly #copies: ListCopies
  readonly #inForce: Int32Array
  readonly #dependencies: IpListKeeperDependencies
  readonly #stop = new AbortController()
  #handover: NodeJS.Timeout | undefined
  #hasBegun = false

  constructor(
    { lists, dir, inForce, after = 0 }: IpListKeeperOptions,
    dependencies: IpListKeeperDependencies,
  ) {
    this.#refresh = lists.refresh
    this.#copies = new ListCopies(dir)
    this.#inForce = new Int32Array(inForce)
    this.#dependencies = dependencies
    const { log } = dependencies
    const kept = { log, copies: this.#copies, now: Date.now, changed: () => this.#changed() }
    this.lists = listSources(lists).map((source) => new KeptList(source, kept))
    this.#published = { generation: after, lists: this.#state() }
  }

  /** For a worker that starts now. */
  get published(): PublishedLists {
    return this.#published
  }

  /** For health; undefined: all is well. */
  get trouble(): string | undefined {
    const missing = this.lists.filter(({ ranges }) => ranges === undefined).map(({ source }) => source.name)
    return missing.length === 0 ? undefined : `ip lists that could never be read: ${missing.join(', ')}`
  }

  /** Takes what is on this machine, before anybody listens, and announces that as one state; what is elsewhere follows. */
  async begin(): Promise<void> {
    const { log, fetchText } = this.#dependencies
    const stopped = this.#stop.signal
    const more = { log, fetchText, now: Date.now, random: Math.random }
    await this.#copies.keepOnly(this.lists.map(({ source }) => source.copy))
    const keepUp = this.lists.map(async (list) => {
      await list.recall()
      if (list.source.kind === 'url') return () => keepFetching(list, this.#refresh, stopped, more)
      const file = new FileList(list, log)
      await file.begin()
      return () => file.keepLooking(stopped)
    })
    const loops = await Promise.all(keepUp)
    this.#hasBegun = true
    this.#changed()
    for (const keep of loops) {
      keep().catch((error: unknown) => log.error('ip list: not kept up to date any more', { error }))
    }
  }

  stop(): void {
    this.#stop.abort()
    clearTimeout(this.#handover)
  }

  #state(): SharedIpList[] {
    return this.lists.map(({ source, ranges }) => ({ rule: source.rule, ranges }))
  }

  #changed(): void {
    if (!this.#hasBegun || this.#stop.signal.aborted) return
    const generation = this.#published.generation + 1
    this.#published = { generation, lists: this.#state() }
    this.#dependencies.announce(this.#published)
    clearTimeout(this.#handover)
    this.#handover = setTimeout(() => this.#enforce(generation), HANDOVER_MILLISECONDS)
  }

  /** Never back: for a moment there may be two keepers, and a state that was announced must come into force. */
  #enforce(generation: number): void {
    if (Atomics.load(this.#inForce, 0) < generation) Atomics.store(this.#inForce, 0, generation)
  }
}
