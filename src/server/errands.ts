import type { Config } from '../config/schema.ts'
import { Descriptors, descriptorBudget } from '../net/descriptors.ts'
import type { Names } from '../net/dns/names.ts'
import { LegStream } from '../net/leg-stream.ts'
import { type OpenStream, straightStream } from '../net/open-stream.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import { SharedReads } from '../net/static-read.ts'
import { UnwatchedLegs } from '../net/unwatched-legs.ts'
import { TICK_MILLISECONDS, Wheel } from '../net/wheel.ts'
import { Roads } from '../telegram/roads.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/log.ts'
import { Health } from '../upstream/health.ts'
import type { Change } from './change.ts'
import { dialledNames } from './dialled-names.ts'
import { pooledRandom } from './random-pool.ts'
import { type SharedMemory, SUPERVISOR } from './shared-memory.ts'
import { type Purpose, upstreamCounters, waysOut } from './ways-out.ts'

type Configured = Pick<Config, 'dns' | 'upstream' | 'telegram'>

export interface ErrandsDependencies {
  readonly log: Log
  /** The supervisor's row. */
  readonly counters: Counters
  /** Where dials by upstream are counted, by name. */
  upstreams(): { readonly memory: SharedArrayBuffer; readonly places: readonly string[] }
}

/** What the supervisor itself fetches from elsewhere or asks there: by the ways out that the configuration names for it. */
export class Errands {
  readonly #shared: SharedMemory
  readonly #dependencies: ErrandsDependencies
  #inForce: { readonly names: Names; readonly open: Readonly<Record<Purpose, OpenStream>> } | undefined
  #thread: ReturnType<typeof ownThread> | undefined

  constructor(shared: SharedMemory, dependencies: ErrandsDependencies) {
    this.#shared = shared
    this.#dependencies = dependencies
  }

  /** The way for this purpose as it is when a connection begins. */
  way(purpose: Exclude<Purpose, 'telegram'>): OpenStream {
    return (to, signal) => {
      if (!this.#inForce) throw new TypeError('no configuration yet')
      return this.#inForce.open[purpose](to, signal)
    }
  }

  /** Every address of a name; nobody who can say is as good as none. */
  async addresses(name: string): Promise<string[]> {
    try {
      return [...((await this.#inForce?.names.addresses(name)) ?? [])]
    } catch {
      return []
    }
  }

  /** In force at once: what another part needs to make ready must not go by a way that is no longer allowed. */
  prepare(config: Configured): Change {
    const before = this.#inForce
    this.#inForce = this.#ways(config)
    return {
      commit: () => {},
      discard: () => {
        this.#inForce = before
      },
    }
  }

  stop(): void {
    this.#thread?.stop()
  }

  #ways(config: Configured) {
    const { counters, log } = this.#dependencies
    const names = dialledNames(config, { counters, log })
    const isDemanded = (purpose: Purpose) => config.upstream.some((each) => each.for.includes(purpose))
    const straight = straightStream(names)
    const byUpstream =
      isDemanded('lists') || isDemanded('front') ? this.#byUpstream(config, names) : undefined
    const way = (purpose: Purpose) => (byUpstream && isDemanded(purpose) ? byUpstream(purpose) : straight)
    return { names, open: { telegram: straight, lists: way('lists'), front: way('front') } }
  }

  #byUpstream(config: Configured, names: Names): (purpose: Purpose) => OpenStream {
    const health = new Health()
    this.#thread ??= ownThread(this.#shared)
    const { resources, now } = this.#thread
    const { upstreams } = this.#dependencies
    const unixSeconds = () => Math.floor(Date.now() / 1000)
    const ways = waysOut(config, { ...resources, names, now, health, random: pooledRandom(), unixSeconds })
    return (purpose) => {
      const roads = new Roads(
        { dialTimeout: config.telegram.dial_timeout },
        {
          upstreams: ways[purpose],
          health,
          wheel: resources.wheel,
          now,
          counted: ({ name }, outcome, milliseconds) => {
            const { memory, places } = upstreams()
            const place = places.indexOf(name)
            upstreamCounters(memory, this.#shared.rows).count(SUPERVISOR, place, outcome, milliseconds)
          },
        },
      )
      return async (to, signal) => {
        const result = await roads.dial([to])
        if (!result.ok) throw Object.assign(new Error('no upstream leads there'), { code: result.failure })
        const stream = new LegStream(result.leg)
        if (signal.aborted) {
          stream.destroy()
          throw signal.reason
        }
        return stream
      }
    }
  }
}

/** What legs need, in the thread of the supervisor; made only where something goes by an upstream. */
function ownThread({ descriptors: words }: SharedMemory) {
  const wheel = new Wheel()
  const unwatched = new UnwatchedLegs()
  const reads = new SharedReads()
  const descriptors = new Descriptors(words, SUPERVISOR, descriptorBudget())
  const now = () => performance.now()
  wheel.everyTick(unwatched.sweep)
  let last = now()
  const ticking = setInterval(() => {
    const tick = now()
    wheel.advance(tick - last)
    last = tick
  }, TICK_MILLISECONDS).unref()
  return {
    now,
    resources: { wheel, unwatched, reads, descriptors, outgoing: new OutgoingBuffers(reads.buffer) },
    stop: () => clearInterval(ticking),
  }
}
