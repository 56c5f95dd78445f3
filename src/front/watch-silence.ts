import { type AfterFlightDependencies, afterFlight, readReaction } from './after-flight.ts'
import { type EndedSilence, LONGEST_SILENCE } from './manners.ts'
import type { Site } from './site.ts'

/** Says nothing after the flight until the front ends that, once. Takes minutes where it has much patience. */
export async function watchSilence(
  site: Site,
  dependencies: AfterFlightDependencies,
): Promise<EndedSilence | 'endures' | undefined> {
  const turn = { bytes: Buffer.alloc(0), quiet: LONGEST_SILENCE }
  const seen = await afterFlight(site, [turn], dependencies)
  const ended = dependencies.now()
  if (!seen) return undefined
  if (seen.end === 'open') return 'endures'
  const silence = readReaction({ ...seen, heard: seen.heard.slice(0, 2) })
  // Where it is gone, or just coming back, it was not its patience that ended.
  if (!silence || !(await afterFlight(site, [{ bytes: Buffer.alloc(0), quiet: 0 }], dependencies)))
    return undefined
  return { began: ended - seen.milliseconds, ended, silence }
}
