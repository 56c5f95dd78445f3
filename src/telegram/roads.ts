import { isIPv6Literal } from '../net/address.ts'
import { type Endpoint, formatEndpoint } from '../net/endpoint.ts'
import type { Wheel } from '../net/wheel.ts'
import type { Health } from '../upstream/health.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import { type Attempt, type AttemptOutcome, type DialResult, dialDataCentre } from './dial-data-centre.ts'

/** RFC 8305 §5: the delay before the next address is tried beside the first. */
const DIRECT_PATIENCE = 250
/** A proxy has a round trip of its own and one or two of its handshake before it even begins. */
const PROXY_PATIENCE = 1000
/** A proxy that has failed twice will not be better at the third address; the next proxy may. */
const ADDRESSES_BY_PROXY = 2

export interface RoadsOptions {
  readonly dialTimeout: number
}

export interface RoadsDependencies {
  readonly upstreams: Pick<Upstreams, 'order' | 'allowed'>
  /** Of upstreams by name, of addresses, and of families. */
  readonly health: Health
  readonly wheel: Wheel
  now(): number
  counted(upstream: Upstream, outcome: AttemptOutcome, milliseconds: number): void
}

/** By whom, and where to. */
export type Way = Pick<Attempt, 'upstream' | 'endpoint'>

/** Dials data centres: which way, which address, in which order, as experience tells. */
export class Roads {
  readonly #options: RoadsOptions
  readonly #dependencies: RoadsDependencies
  /** Ways over which a question of ours was not answered: one that connects is not yet one that leads somewhere. */
  readonly #unanswered = new Set<string>()

  constructor(options: RoadsOptions, dependencies: RoadsDependencies) {
    this.#options = options
    this.#dependencies = dependencies
  }

  /**
   * @param names of upstreams; without them the usual ones
   * @param window how many bytes the first read may take
   */
  async dial(
    addresses: readonly Endpoint[],
    names?: readonly string[],
    window?: () => number,
  ): Promise<DialResult> {
    const { upstreams, wheel, now, health } = this.#dependencies
    const attempts = this.#answeringFirst(
      upstreams.order(names).flatMap((upstream) => this.#attempts(upstream, addresses)),
    )
    if (attempts.length === 0) return { ok: false, failure: 'unreachable' }
    const silent = new Set<string>()
    const result = await dialDataCentre(attempts, this.#options.dialTimeout, {
      wheel,
      now,
      window,
      report: (attempt, outcome, milliseconds) => {
        this.#learn(attempt, outcome, milliseconds)
        if (outcome !== 'ok' && attempt.upstream.kind === 'direct') silent.add(familyOf(attempt.endpoint))
      },
    })
    if (result.ok && result.upstream.kind === 'direct') {
      // One family answers and the other does not: the next dials must not wait for it again.
      silent.delete(familyOf(result.endpoint))
      for (const family of silent) health.failed(family, now())
    }
    return result
  }

  /** Every way that a session may take. */
  ways(addresses: readonly Endpoint[], names?: readonly string[]): Way[] {
    const { upstreams } = this.#dependencies
    return upstreams
      .allowed(names)
      .flatMap((upstream) =>
        addresses
          .filter((endpoint) => upstream.reaches(endpoint))
          .map((endpoint) => ({ upstream, endpoint })),
      )
  }

  /** That way alone; what becomes of it is learned when it is `answered`. */
  try({ upstream, endpoint }: Way): Promise<DialResult> {
    const { wheel, now } = this.#dependencies
    return dialDataCentre([{ upstream, endpoint, patience: 0 }], this.#options.dialTimeout, { wheel, now })
  }

  /** Whether a question of ours was answered over that way: who does not answer comes after those who do. */
  answered(way: Way, answered: boolean): void {
    const { health } = this.#dependencies
    const key = wayKey(way)
    if (!answered) this.#unanswered.add(key)
    else {
      this.#unanswered.delete(key)
      health.worked(key)
      health.worked(way.upstream.name)
    }
  }

  #answeringFirst(attempts: Attempt[]): Attempt[] {
    if (this.#unanswered.size === 0) return attempts
    const failed = (attempt: Attempt) => Number(this.#unanswered.has(wayKey(attempt)))
    return attempts.toSorted((a, b) => failed(a) - failed(b))
  }

  #attempts(upstream: Upstream, addresses: readonly Endpoint[]): Attempt[] {
    const reached = addresses.filter((endpoint) => upstream.reaches(endpoint))
    const { health, now } = this.#dependencies
    const resting = new Map<string, boolean>()
    const rests = (key: string) => {
      const known = resting.get(key)
      if (known !== undefined) return known
      const answer = health.rests(key, now())
      resting.set(key, answer)
      return answer
    }
    const isDirect = upstream.kind === 'direct'
    const ailing = (endpoint: Endpoint) =>
      upstream.isScarce?.(endpoint) === true ||
      this.#unanswered.has(wayKey({ upstream, endpoint })) ||
      rests(wayKey({ upstream, endpoint })) ||
      (isDirect && rests(familyOf(endpoint)))
    const ordered =
      reached.length < 2
        ? reached
        : reached
            .map((endpoint) => ({ endpoint, last: ailing(endpoint) }))
            .toSorted((a, b) => Number(a.last) - Number(b.last))
            .map(({ endpoint }) => endpoint)
    const patience = isDirect ? DIRECT_PATIENCE : PROXY_PATIENCE
    return ordered
      .slice(0, isDirect ? ordered.length : ADDRESSES_BY_PROXY)
      .map((endpoint) => ({ endpoint, upstream, patience }))
  }

  #learn(attempt: Attempt, outcome: AttemptOutcome, milliseconds: number): void {
    const { health, now, counted } = this.#dependencies
    const { upstream, endpoint } = attempt
    counted(upstream, outcome, milliseconds)
    const address = wayKey(attempt)
    if (outcome === 'ok') {
      for (const key of [upstream.name, address, familyOf(endpoint)]) health.worked(key)
      return
    }
    health.failed(address, now())
    health.failed(upstream.name, now())
  }
}

export function wayKey({ upstream, endpoint }: Way): string {
  return `${upstream.name} ${formatEndpoint(endpoint)}`
}

function familyOf(endpoint: Endpoint): string {
  return endpoint.kind === 'tcp' && isIPv6Literal(endpoint.host) ? 'family ipv6' : 'family ipv4'
}
