import type { Config } from '../config/schema.ts'
import { whatChanged } from '../config/what-changed.ts'
import { descriptorBudget } from '../net/descriptors.ts'
import { formatEndpoint } from '../net/endpoint.ts'
import type { OpenLog } from '../telemetry/log.ts'
import { type Change, NO_CHANGE } from './change.ts'
import type { Errands } from './errands.ts'
import { accessSettings } from './gatekeeping.ts'
import type { ListKeeping } from './list-keeping.ts'
import type { ListenerBook } from './listener-book.ts'
import { availableMemory, workerCount } from './machine.ts'
import type { BoundListener, WorkerSettings } from './messages.ts'
import type { MetricsKeeping } from './metrics-keeping.ts'
import type { MiddleBook } from './middle-book.ts'
import type { PlacedSite, SiteBook } from './site-book.ts'
import type { UpstreamBook } from './upstream-book.ts'
import type { UserBook } from './user-book.ts'
import type { WorkerCrew } from './worker-crew.ts'

/** Descriptors of a session (client, data centre) with some room for front legs. */
const DESCRIPTORS_PER_SESSION = 2.25

/** What came of a new configuration. */
export interface Applied {
  /** Keys that are in force with their new value. */
  readonly changed: readonly string[]
  /** Keys that differ and wait for a restart. */
  readonly restart: readonly string[]
}

/** Everything that a configuration is about. */
export interface Parts {
  readonly users: UserBook
  readonly listeners: ListenerBook
  readonly sites: SiteBook
  readonly lists: ListKeeping
  readonly middle: MiddleBook
  readonly upstreams: UpstreamBook
  readonly errands: Errands
  readonly metrics: MetricsKeeping
  readonly log: Partial<Pick<OpenLog, 'prepare'>>
  readonly crew: WorkerCrew
}

export interface Reconfiguration {
  readonly parts: Parts
  /** Looks at these sites, for so long as a start may wait for a front. */
  learn(sites: readonly PlacedSite[]): Promise<void>
  /** What workers know of that configuration, as far as the parts have not changed. */
  settings(config: Config): Omit<WorkerSettings, 'access'>
  /** It is in force now. */
  committed(config: Config): void
}

/**
 * Brings another configuration into force: every part makes ready, then every worker, and only when nothing can fail any
 * more all of it is so at one moment.
 * @throws what a part says, and everything is as before
 */
export async function reconfigure(
  before: Config,
  wanted: Config,
  reconfiguration: Reconfiguration,
): Promise<Applied> {
  const { parts, learn, committed } = reconfiguration
  const { config, restart } = withoutRestart(before, wanted, reconfiguration)
  const changed = whatChanged(before, config)
  if (changed.length === 0) return { changed, restart }
  const changes: Change[] = []
  const ready = <C extends Change>(change: C): C => {
    changes.push(change)
    return change
  }
  let generation = 0
  try {
    const { placed } = ready(parts.users.prepare(config))
    const { listeners } = ready(await parts.listeners.prepare(config))
    ready(parts.errands.prepare(config))
    const { sites } = ready(await parts.sites.prepare(config))
    const lists = ready(await parts.lists.prepare(config))
    const middle = ready(await parts.middle.prepare(config))
    const upstreams = ready(parts.upstreams.prepare(config))
    ready(await parts.metrics.prepare(config.metrics))
    ready(parts.log.prepare?.(config.log) ?? NO_CHANGE)
    // What is known of the new ones before anybody is sent there makes their first answers right.
    await learn([...new Set([...parts.sites.current, ...sites])])
    const { users, ...more } = placed
    const settings: WorkerSettings = {
      ...reconfiguration.settings(config),
      ...told(lists, middle, upstreams),
      sites,
      listeners,
      access: accessSettings({ ...config, users }, more, memoryAndMost()),
    }
    generation = settings.generation
    await parts.crew.propose(
      (index) => ({ ...settings, listeners: listenersOf(index, listeners) }),
      generation,
    )
  } catch (error) {
    for (const change of changes.toReversed()) change.discard()
    void learn(parts.sites.current)
    throw error
  }
  for (const change of changes) change.commit()
  committed(config)
  parts.crew.commit(generation)
  void learn(parts.sites.current)
  return { changed, restart }
}

/** Where only one can listen, the first worker does. */
export function listenersOf(index: number, listeners: readonly BoundListener[]): BoundListener[] {
  return listeners.filter(({ reusePort }) => reusePort || index === 1)
}

/** @returns sessions that the descriptors allow, and bytes */
export function memoryAndMost(): { most: number; memory: number } {
  return { most: Math.floor(descriptorBudget() / DESCRIPTORS_PER_SESSION), memory: availableMemory() }
}

type Told = Partial<Pick<WorkerSettings, 'lists' | 'listHits' | 'middle' | 'upstreams'>>

function told(
  { lists, listHits }: Told,
  { middle }: Told,
  { upstreams }: Told,
): { [K in keyof Told]: Exclude<Told[K], undefined> } {
  return {
    ...(lists && { lists }),
    ...(listHits && { listHits }),
    ...(middle && { middle }),
    ...(upstreams && { upstreams }),
  }
}

/**
 * What a running portico cannot take on stays as it is: the folder of its state, the number of its threads, and what the
 * layout of its memory is made of.
 */
function withoutRestart(
  before: Config,
  wanted: Config,
  { parts }: Reconfiguration,
): { config: Config; restart: string[] } {
  const config = structuredClone(wanted)
  const restart: string[] = []
  if (wanted.state.dir !== before.state.dir) restart.push('state.dir')
  config.state = before.state
  if (workerCount(wanted.process.workers) !== parts.crew.size) restart.push('process.workers')
  config.process = { ...wanted.process, workers: before.process.workers }
  if (wanted.usage.utc_offset !== before.usage.utc_offset) restart.push('usage.utc_offset')
  config.usage = { ...wanted.usage, utc_offset: before.usage.utc_offset }
  if (wanted.replay.capacity !== before.replay.capacity) restart.push('replay.capacity')
  config.replay = before.replay
  for (const listener of config.listener) {
    const old = before.listener.find(
      ({ address }) => formatEndpoint(address) === formatEndpoint(listener.address),
    )
    // A path can be bound only once, and the queue of a socket is as long as it was made.
    if (listener.address.kind !== 'unix' || !old || old.backlog === listener.backlog) continue
    restart.push(`backlog of ${formatEndpoint(listener.address)}`)
    listener.backlog = old.backlog
  }
  return { config, restart }
}
