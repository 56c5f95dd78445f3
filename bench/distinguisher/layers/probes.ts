import { DEAD_DC, genuineProbes, NOBODY, UNKNOWN_DC, usedUpProbes } from '../../../test/probes/genuine.ts'
import { compareGenuine, compareStrangers, type Difference } from '../../../test/probes/matrix.ts'
import { inScene, type FrontName as SceneName } from '../../../test/probes/scene.ts'
import { STRANGERS } from '../../../test/probes/strangers.ts'
import type { FrontName } from '../collect/subject.ts'

/** The fronts that the probe matrix knows the clocks of. */
const SCENES: Partial<Record<FrontName, SceneName>> = { bun: 'Bun', nginx: 'nginx', caddy: 'Caddy' }

export interface ProbeResult {
  readonly rows: number
  readonly rounds: number
  /** Of every round; a row may be here more than once. */
  readonly differences: readonly Difference[]
}

/** Layer 4: the rows of `test/probes`, direct and through portico. undefined: the matrix is not made for this front. */
export async function probeMatrix(front: FrontName, rounds: number): Promise<ProbeResult | undefined> {
  const scene = SCENES[front]
  if (!scene) return undefined
  const differences: Difference[] = []
  let rows = 0
  await inScene(scene, { dataCentres: NOBODY }, async ({ pair, portico, secret }) => {
    for (let round = 0; round < rounds; round++) {
      const strangers = [...STRANGERS, ...(await usedUpProbes(pair.portico, secret))]
      const genuine = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
      rows = strangers.length + genuine.length
      differences.push(...(await compareStrangers(strangers, { ...pair, portico })))
      differences.push(...(await compareGenuine(genuine, pair)))
    }
  })
  return { rows, rounds, differences }
}
