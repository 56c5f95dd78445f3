import type { FrontName as SceneName } from '../../../test/probes/scene.ts'
import type { FrontName } from '../collect/subject.ts'

/** The fronts whose clocks the probe matrix knows, by what it calls them. */
export const PROBED_FRONTS = {
  bun: 'Bun',
  nginx: 'nginx',
  caddy: 'Caddy',
} as const satisfies Partial<Record<FrontName, SceneName>>

export type ProbedFront = keyof typeof PROBED_FRONTS

export function isProbed(front: FrontName): front is ProbedFront {
  return Object.hasOwn(PROBED_FRONTS, front)
}
