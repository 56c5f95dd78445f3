// needs: nginx openssl

import { test } from 'vitest'
import type { CoarseClock } from '../../src/front/coarse-clock.ts'
import type { SiteProfile } from '../../src/front/profile.ts'
import { DEAD_DC, genuineProbes, NOBODY, UNKNOWN_DC } from '../probes/genuine.ts'
import { compareGenuine, table } from '../probes/matrix.ts'
import { type FrontName, inScene } from '../probes/scene.ts'
import { recordedProfile } from './recorded-profile.ts'

/** The others bear silence for longer, and take a minute. */
const NAMES: readonly FrontName[] =
  process.env.PORTICO_PROBES === 'full' ? ['nginx', 'Bun', 'Caddy'] : ['nginx']

/** Bun has one clock for all its connections, the others a timer for each. */
const CLOCKS: Partial<Record<FrontName, CoarseClock>> = { Bun: { period: 4000, ticks: 3 } }

/** Clients on Apple's systems send either of two offers of ALPN, and the flights differ. */
function isKnown(name: FrontName, { manners, flights: { darwin = [] } }: SiteProfile): boolean {
  const isWatched = (manners?.silences.length ?? 0) > 0
  const isClocked = CLOCKS[name] === undefined || manners?.clock !== undefined
  return isWatched && isClocked && new Set(darwin.map(({ alpn }) => alpn)).size === 2
}

test.concurrent.for(NAMES)(
  'behind a recorded flight of %s, what is no session ends as there',
  (name, { expect }) =>
    inScene(
      name,
      { dataCentres: NOBODY, frontKeys: 'answer = "profile"' },
      async ({ pair, portico, secret }) => {
        const { manners } = await recordedProfile(portico, (profile) => isKnown(name, profile))
        expect(manners?.clock).toEqual(CLOCKS[name])
        const probes = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
        const differences = await compareGenuine(probes, pair)
        expect(differences, table(name, differences)).toEqual([])
      },
    ),
)
