import type { Classified } from './classifiers/cross-validation.ts'
import { FOUND_AT } from './defects/seeded-defects.ts'
import { judgedInterval, widthFor } from './judged-interval.ts'
import { whyIdle } from './layers/busy-users.ts'
import type { ClassResult, FrontResult, Run } from './results.ts'

/** Something compared with itself by a classifier. */
interface Null {
  readonly what: string
  readonly auc: number
  readonly error: number
}

/** Sessions of each side below which classifiers learn too little for their failures to mean something. */
const ENOUGH_FLOWS = 100

/** By how many standard errors an AUC of this run may be off one half by chance. */
export function judgedWidth({ fronts }: Run): number {
  return widthFor(fronts.flatMap(nullsOf).length)
}

/** Why the run says nothing; empty if it holds. */
export function whyVoid(run: Run): string[] {
  const { fronts, defects } = run
  const nulls = fronts.flatMap(nullsOf)
  const width = judgedWidth(run)
  const classes = fronts.flatMap((front) => front.classes.map((one) => ({ front: front.front, one })))
  return [
    ...nulls
      .filter((each) => judgedInterval(each, width).isToldApart)
      .map(({ what, auc }) => `null of ${what}: AUC ${auc.toFixed(3)}, too far from one half`),
    ...classes.flatMap(({ front, one }) => wrongNull(front, one)),
    ...fronts
      .filter(({ answers }) => answers && (answers.others > 0 || answers.recorded === 0))
      .map(
        ({ front, answers }) =>
          `${front} was gone, but of the answers ${answers!.others} were not recorded ones, and ${answers!.recorded} were`,
      ),
    ...fronts.flatMap(({ front, probes }) =>
      (probes?.busy ? whyIdle(probes.busy) : []).map((why) => `probe matrix before ${front}: ${why}`),
    ),
    ...(defects?.rows ?? [])
      .filter(({ found, impossible }) => !found && impossible === undefined)
      .map(
        ({ name, auc }) =>
          `seeded defect not found: ${name}${auc === undefined ? '' : ` (AUC ${auc.toFixed(3)})`}${name.startsWith('delay') ? '; the machine is too busy for what this run says about time' : ''}`,
      ),
    ...fronts
      .filter(
        ({ flows }) => flows && flows.flows >= ENOUGH_FLOWS && flows.withoutTickets.combined.auc < FOUND_AT,
      )
      .map(({ front }) => `seeded defect not found: missing tickets before ${front}`),
  ]
}

function wrongNull(front: string, { clientClass, exact, twoSample }: ClassResult): string[] {
  const differs = (exact?.nothing ?? []).map(
    ({ what }) => `${front}, ${clientClass}: the front differs from itself in ${what}`,
  )
  const rejected = (twoSample?.nothing.rejected ?? []).map(
    ({ what }) => `${front}, ${clientClass}: the front is distributed unlike itself in ${what}`,
  )
  return [...differs, ...rejected]
}

function nullsOf({ front, classes, flows }: FrontResult): Null[] {
  const of = (what: string, classified: Classified | undefined): Null[] =>
    classified ? [{ what: `${front}, ${what}`, ...classified.combined }] : []
  return [
    ...classes.flatMap(({ clientClass, firstFlight, timing, jittered }) => [
      ...of(`first flight, ${clientClass}`, firstFlight?.nothing),
      ...of(`timing, ${clientClass}`, timing?.nothing),
      ...of(`timing with jitter, ${clientClass}`, jittered?.nothing),
    ]),
    ...(flows && flows.flows >= ENOUGH_FLOWS
      ? [
          ...of('server direction', flows.serverDirection.nothing),
          ...of('behind the flight', flows.afterTheFlight.nothing),
          ...of('whole flow', flows.wholeFlow.nothing),
        ]
      : []),
  ]
}
