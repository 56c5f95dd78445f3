import type { Health } from './health.ts'
import type { Upstream } from './upstream.ts'

export interface WeightedUpstream {
  readonly upstream: Upstream
  readonly weight: number
}

/** The name by which everybody may ask for the straight way. */
export const DIRECT = 'direct'

export interface UpstreamsDependencies {
  readonly health: Health
  /** From 0 up to 1. */
  random(): number
  now(): number
}

/** The ways out of this host for one purpose, and who is tried first. */
export class Upstreams {
  readonly #usual: readonly WeightedUpstream[]
  readonly #all: readonly WeightedUpstream[]
  readonly #dependencies: UpstreamsDependencies

  /**
   * @param all every way by its name; `usual` of them are for those who ask for none. Neither is ever widened: where only
   * proxies are listed nothing leaves straight.
   */
  constructor(
    all: readonly WeightedUpstream[],
    usual: readonly WeightedUpstream[],
    dependencies: UpstreamsDependencies,
  ) {
    this.#all = all
    this.#usual = usual
    this.#dependencies = dependencies
  }

  /** Without an order, and without a turn for anybody. */
  allowed(names?: readonly string[]): Upstream[] {
    return this.#candidates(names).map(({ upstream }) => upstream)
  }

  /** In the order of trying: drawn by weight, those that failed lately behind the others. */
  order(names?: readonly string[]): Upstream[] {
    const candidates = this.#candidates(names)
    if (candidates.length === 1) return [candidates[0]!.upstream]
    const { health, random, now } = this.#dependencies
    const well: WeightedUpstream[] = []
    const resting: WeightedUpstream[] = []
    for (const each of candidates) (health.rests(each.upstream.name, now()) ? resting : well).push(each)
    return [...draw(well, random), ...draw(resting, random)]
  }

  #candidates(names: readonly string[] | undefined): readonly WeightedUpstream[] {
    return names ? this.#all.filter(({ upstream }) => names.includes(upstream.name)) : this.#usual
  }
}

function draw(from: WeightedUpstream[], random: () => number): Upstream[] {
  const left = [...from]
  const drawn: Upstream[] = []
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0)
    let at = random() * sum
    let index = 0
    while (index < left.length - 1 && at >= left[index]!.weight) at -= left[index++]!.weight
    drawn.push(...left.splice(index, 1).map(({ upstream }) => upstream))
  }
  return drawn
}
