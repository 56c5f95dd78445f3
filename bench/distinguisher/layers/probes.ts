import { setTimeout as sleep } from 'node:timers/promises'
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
import type { Address } from '../../../test/probes/probe-client.ts'
import { inScene, type Scene } from '../../../test/probes/scene.ts'
import { STRANGERS } from '../../../test/probes/strangers.ts'
import { ALICE } from '../../../test/world/portico-toml.ts'
import { secretOf, userName } from '../../load/crowd.ts'
import type { Busy } from '../../load/jobs/busy.ts'
import { ownAddress } from '../collect/hello-and-flight.ts'
import { BusyUsers } from './busy-users.ts'
import { PROBED_FRONTS, type ProbedFront } from './probed-fronts.ts'

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

/** Layer 4: the rows of `test/probes`, direct and through portico. */
export async function probeMatrix(
  front: ProbedFront,
  { rounds, users, busy }: ProbeOptions,
): Promise<ProbeResult> {
  const crew = busy > 0 ? await BusyUsers.start() : undefined
  const others = users - 1
  const setup = {
    dataCentres: { ...NOBODY, ...crew?.dataCentres },
    users: { ...crowdOf(others), alice: ALICE },
  }
  try {
    return await inScene(PROBED_FRONTS[front], setup, async (scene) => {
      await crew?.begin(scene.portico, { users: others, sessions: busy })
      const atHome = others > 0 ? await becomeKnown(scene) : scene.pair.portico
      const played = await playAll(scene, atHome, rounds)
      return { ...played, users, ...(crew && { busy: await crew.end() }) }
    })
  } finally {
    crew?.stop()
  }
}

function crowdOf(users: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: users }, (_, at) => [userName(at), secretOf(at)]))
}

/** Pairs of connections of each of two comparisons side by side. */
const AT_ONCE = 100

/** So many, that the limits for one address do not matter to 200 connections. */
const HOMES = 16
const MOST_TRIES = 60
const BETWEEN_TRIES = 250

/**
 * Where alice is known: among so many users whoever comes from elsewhere is not always found in time, and is shown the
 * front itself, which says nothing of what is behind an answer of portico's.
 */
async function becomeKnown({ portico, secret }: Scene): Promise<Address> {
  const homes = Array.from({ length: HOMES }, () => ownAddress())
  for (const home of homes) {
    const { host, port } = portico
    for (
      let tries = 0;
      !(await isLetIn(genuineHello(secret), { host, port, from: () => home }, secret));
      tries++
    ) {
      if (tries === MOST_TRIES) throw new Error('the prober is not let in among so many users')
      await sleep(BETWEEN_TRIES)
    }
  }
  let next = 0
  return { host: portico.host, port: portico.port, from: () => homes[next++ % HOMES]! }
}

async function playAll(
  { pair, secret }: Scene,
  atHome: Address,
  rounds: number,
): Promise<Pick<ProbeResult, 'rows' | 'rounds' | 'differences'>> {
  const differences: Difference[] = []
  const known = { ...pair, portico: atHome }
  let rows = 0
  for (let round = 0; round < rounds; round++) {
    const usedUp = await usedUpProbes(atHome, secret)
    const genuine = genuineProbes({ secret, unknownDc: UNKNOWN_DC, deadDc: DEAD_DC })
    rows = STRANGERS.length + usedUp.length + genuine.length
    const strangers = [
      compareStrangers(STRANGERS, { ...pair, atOnce: AT_ONCE }),
      compareStrangers(usedUp, { ...known, atOnce: AT_ONCE }),
    ]
    differences.push(...(await Promise.all(strangers)).flat())
    differences.push(...(await compareGenuine(genuine, known)))
  }
  return { rows, rounds, differences }
}
