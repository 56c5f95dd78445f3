import {
  DEAD_DC,
  genuineProbes,
  isLetIn,
  NOBODY,
  UNKNOWN_DC,
  usedUpProbes,
} from '../../../test/probes/genuine.ts'
import { genuineHello } from '../../../test/probes/hellos.ts'
import { compareGenuine, compareStrangers, type Difference } from '../../../test/probes/matrix.ts'
import { inScene, type Scene, type FrontName as SceneName } from '../../../test/probes/scene.ts'
import { STRANGERS } from '../../../test/probes/strangers.ts'
import { ALICE } from '../../../test/world/portico-toml.ts'
import { secretOf, userName } from '../../load/crowd.ts'
import type { Busy } from '../../load/jobs/busy.ts'
import type { FrontName } from '../collect/subject.ts'
import { BusyUsers } from './busy-users.ts'

/** The fronts that the probe matrix knows the clocks of. */
const SCENES: Partial<Record<FrontName, SceneName>> = { bun: 'Bun', nginx: 'nginx', caddy: 'Caddy' }

export interface ProbeOptions {
  readonly rounds: number
  /** In the configuration; the prober has the secret of one. */
  readonly users: number
  /** How many of the others have a session that moves bytes all the time. */
  readonly busy: number
}

export interface ProbeResult {
  readonly rows: number
  readonly rounds: number
  /** Absent in reports of runs with one. */
  readonly users?: number
  /** What went on meanwhile. */
  readonly busy?: Busy
  /** Of every round; a row may be here more than once. */
  readonly differences: readonly Difference[]
}

/** Layer 4: the rows of `test/probes`, direct and through portico. undefined: the matrix is not made for this front. */
export async function probeMatrix(
  front: FrontName,
  { rounds, users, busy }: ProbeOptions,
): Promise<ProbeResult | undefined> {
  const name = SCENES[front]
  if (!name) return undefined
  const crew = busy > 0 ? await BusyUsers.start() : undefined
  const others = users - 1
  const setup = {
    dataCentres: { ...NOBODY, ...crew?.dataCentres },
    users: { ...crowdOf(others), alice: ALICE },
  }
  try {
    return await inScene(name, setup, async (scene) => {
      await crew?.begin(scene.portico, { users: others, sessions: busy })
      if (others > 0) await becomeKnown(scene)
      const played = await playAll(scene, rounds)
      return { ...played, users, ...(crew && { busy: await crew.end() }) }
    })
  } finally {
    crew?.stop()
  }
}

function crowdOf(users: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: users }, (_, at) => [userName(at), secretOf(at)]))
}

/** Every worker orders its candidates anew ten seconds after the last time, and then has alice among the first. */
const IN_A_ROW = 20
const MOST_TRIES = 400

/** Until alice is let in from wherever she comes: what is behind a hello that was not found in time is the front's anyway. */
async function becomeKnown({ portico, secret }: Scene): Promise<void> {
  let row = 0
  for (let tries = 0; row < IN_A_ROW; tries++) {
    if (tries === MOST_TRIES) throw new Error('the prober is not let in among so many users')
    row = (await isLetIn(genuineHello(secret), portico, secret)) ? row + 1 : 0
  }
}

async function playAll(
  { pair, portico, secret }: Scene,
  rounds: number,
): Promise<Pick<ProbeResult, 'rows' | 'rounds' | 'differences'>> {
  const differences: Difference[] = []
  let rows = 0
  for (let round = 0; round < rounds; round++) {
    const strangers = [...STRANGERS, ...(await usedUpProbes(pair.portico, secret))]
    const genuine = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
    rows = strangers.length + genuine.length
    differences.push(...(await compareStrangers(strangers, { ...pair, portico })))
    differences.push(...(await compareGenuine(genuine, pair)))
  }
  return { rows, rounds, differences }
}
