import type { Observed } from '../layers/classify.ts'
import { pick, type Random, shuffled } from '../statistics/random.ts'
import type { Flow } from '../tap/flow.ts'
import type { Tap } from '../tap/tap.ts'
import { CLIENT_CLASSES, type ClientClass } from './client-class.ts'
import { retried } from './flights.ts'
import { mtprotoSession } from './mtproto-session.ts'
import { drawPlan } from './plan.ts'
import type { Subject } from './subject.ts'
import { curlVisitor, nodeVisitor } from './visitor.ts'

export interface WholeFlows {
  /** Visitors of the front; the same once more; users through portico. */
  readonly front: readonly Observed<Flow>[]
  readonly again: readonly Observed<Flow>[]
  readonly users: readonly Observed<Flow>[]
}

const GROUPS = 20

/** Whole sessions: real TLS clients at the front, users through portico, in turn. */
export async function collectFlows(
  { front, frontTap, porticoTap }: Subject,
  rounds: number,
  random: Random,
): Promise<WholeFlows> {
  const visitors = [await curlVisitor(), nodeVisitor]
  const visit = async () =>
    frontTap.flow(await pick(visitors, random)(frontTap, front.chain.root, drawPlan(random)))
  const arms = {
    front: visit,
    again: visit,
    users: () => userFlow(porticoTap, random),
  }
  const flows = { front: [], again: [], users: [] } as Record<keyof typeof arms, Observed<Flow>[]>
  let failures = 0
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(arms) as (keyof typeof arms)[], random)) {
      const value = await retried(arms[name], () => ++failures <= rounds / 10)
      flows[name].push({ value, group: Math.floor((round * GROUPS) / rounds) })
    }
  }
  return flows
}

/** One session of a user through whatever stands behind the tap. */
export async function userFlow(tap: Tap, random: Random, plan = drawPlan(random)): Promise<Flow> {
  const name = pick(Object.keys(CLIENT_CLASSES) as ClientClass[], random)
  return tap.flow(await mtprotoSession(tap, name, plan, random))
}
