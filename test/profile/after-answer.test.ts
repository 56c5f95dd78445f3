// needs: nginx openssl

import { test } from 'vitest'
import { DEAD_DC, genuineProbes, NOBODY, UNKNOWN_DC } from '../probes/genuine.ts'
import { compareGenuine, table } from '../probes/matrix.ts'
import { type FrontName, inScene } from '../probes/scene.ts'
import { recordedProfile } from './recorded-profile.ts'

/** The others bear silence for longer, and take a minute. */
const NAMES: readonly FrontName[] =
  process.env.PORTICO_PROBES === 'full' ? ['nginx', 'Bun', 'Caddy'] : ['nginx']

test.concurrent.for(NAMES)(
  'behind a recorded flight of %s, what is no session ends as there',
  (name, { expect }) =>
    inScene(
      name,
      { dataCentres: NOBODY, frontKeys: 'answer = "profile"' },
      async ({ pair, portico, secret }) => {
        await recordedProfile(portico, ({ manners }) => (manners?.silences.length ?? 0) > 0)
        const probes = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
        const differences = await compareGenuine(probes, pair)
        expect(differences, table(name, differences)).toEqual([])
      },
    ),
)
