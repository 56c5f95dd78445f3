import { SPREAD } from '../judged-interval.ts'
import { ALPHA } from '../layers/two-sample.ts'
import type { Both, ClassResult, FlowResult, FrontResult, Run } from '../results.ts'
import { median } from '../statistics/quantile.ts'
import { judgedWidth } from '../verdict.ts'
import { addedTimeTable } from './added-time.ts'
import { aucText, milliseconds, table } from './figures.ts'
import { probeSection } from './probes.ts'

/** The whole report. `plots`: names of files beside it, by front. */
export function markdown(
  run: Run,
  why: readonly string[],
  plots: ReadonlyMap<string, readonly string[]>,
): string {
  const verdict =
    why.length === 0
      ? `The run holds: no null can be told apart, ${run.defects ? 'and every seeded defect was found' : 'but no defects were seeded that would prove the instrument'}.`
      : `**VOID.** This run says nothing, because:\n\n${why.map((line) => `- ${line}`).join('\n')}`
  const width = judgedWidth(run)
  return [
    '# Can portico be told from its front?',
    `\`${run.command}\`\n\n${run.machine}; ${run.minutes.toFixed(1)} minutes; seed ${run.seed}.`,
    verdict,
    ruleOf(run, width),
    defectTable(run),
    ...run.fronts.map((front) => frontSection(front, width, plots.get(front.front) ?? [])),
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n')
}

/** What the figures below are judged by. */
function ruleOf({ fronts }: Run, width: number): string {
  if (fronts.every(({ classes, flows }) => classes.length === 0 && !flows)) return ''
  return [
    `A class of hellos counts as told apart where a fact of the exact sets differs, where a corrected test rejects (p < ${ALPHA}), or where the interval of an AUC leaves out one half (the AUC is bold then); sessions, by the last of these alone.`,
    `These intervals are the ones by which the nulls are judged: ${width.toFixed(1)} standard errors to either side, for all nulls of the run together and ${SPREAD} times as wide as the bootstrap says; its own 95 % are in report.json.`,
  ].join(' ')
}

function defectTable({ defects }: Run): string {
  if (!defects) return ''
  const rows = defects.rows.map(({ name, layer, auc, found, impossible }) => [
    name,
    layer,
    auc === undefined ? '–' : auc.toFixed(3),
    impossible ?? (found ? 'found' : '**missed**'),
  ])
  return `## Seeded defects, before ${defects.front}\n\n${table(['Defect', 'Layer', 'AUC', ''], rows)}`
}

function frontSection(result: FrontResult, width: number, plots: readonly string[]): string {
  return [
    `## ${result.front}`,
    firstFlights(result.classes, width),
    answeredAlone(result),
    timings(result.classes, width),
    differences(result),
    result.flows ? flowSection(result.flows, width) : '',
    result.probes ? probeSection(result.probes) : '',
    addedTimeTable(result.addedTime ?? []),
    ...plots.map((file) => `![${file}](${file})`),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function firstFlights(classes: readonly ClassResult[], width: number): string {
  const rows = classes.map(
    ({ clientClass, flights, encryptedRecords, facts, exact, twoSample, firstFlight }) => [
      clientClass,
      String(flights),
      String(encryptedRecords),
      exact ? `${facts} facts, ${exact.portico.length} differ` : '–',
      twoSample ? `${twoSample.portico.rejected.length} of ${twoSample.portico.count}` : '–',
      firstFlight ? aucText(firstFlight.nothing.combined, width) : '–',
      firstFlight ? aucText(firstFlight.portico.combined, width) : '–',
      firstFlight ? strongest(firstFlight.portico.single, 1) : '–',
    ],
  )
  const head = [
    'Hello',
    'N',
    'records of the front',
    'exact sets',
    'tests that reject',
    'AUC of the null',
    'AUC of portico',
    'strongest feature',
  ]
  return rows.length === 0 ? '' : `### First flight\n\n${table(head, rows)}`
}

function answeredAlone({ answers }: FrontResult): string {
  return answers
    ? `portico's own front was stopped when it had been recorded; of ${answers.recorded + answers.others} answers to users ${answers.recorded} were recorded flights. What it is compared with is another instance of that server.`
    : ''
}

function strongest(single: readonly { name: string; auc: number }[], count: number): string {
  return single
    .slice(0, count)
    .map(({ name, auc }) => `${name} ${auc.toFixed(3)}`)
    .join('; ')
}

function timings(classes: readonly ClassResult[], width: number): string {
  const rows = classes.map(({ clientClass, times, timing, jittered }) => [
    clientClass,
    ...times.map((values) => milliseconds(median(values))),
    timing ? `${aucText(timing.nothing.combined, width)} → ${aucText(timing.portico.combined, width)}` : '–',
    jittered
      ? `${aucText(jittered.nothing.combined, width)} → ${aucText(jittered.portico.combined, width)}`
      : '–',
  ])
  const head = [
    'Hello',
    'front, ms',
    'front again, ms',
    'portico, ms',
    'AUC of time: null → portico',
    'the same with 5 ms of jitter',
  ]
  return rows.length === 0
    ? ''
    : `### From hello to flight (medians, seen by the tap)\n\n${table(head, rows)}`
}

interface Row {
  readonly clientClass: string
  readonly what: string
  readonly front: string
  readonly portico: string
}

/** Of each fact one row, with what it was for the first hello that showed it. */
function differences({ classes, keepAlive }: FrontResult): string {
  if (classes.length === 0) return ''
  const rows = classes.flatMap(differencesOf)
  const kept = (keepAlive ?? []).map(({ what, front, other }) => [what, front, other, 'all'])
  const facts = [...new Set(rows.map(({ what }) => what))].map((what) => {
    const same = rows.filter((row) => row.what === what)
    const hellos =
      same.length === classes.length ? 'all' : same.map(({ clientClass }) => clientClass).join(', ')
    return [what, same[0]!.front, same[0]!.portico, hellos]
  })
  return facts.length + kept.length === 0
    ? 'No fact of the exact sets differs, no test rejects, TCP keep-alive is as the front has it.'
    : `### What differs\n\n${table(['What', 'front', 'portico', 'Hellos'], [...facts, ...kept])}`
}

/** A fact that differs exactly need not be told as a distribution too. */
function differencesOf({ clientClass, exact, twoSample }: ClassResult): Row[] {
  const exactly = (exact?.portico ?? []).map(({ what, front, other }) => ({
    clientClass,
    what,
    front,
    portico: other,
  }))
  const known = new Set(exactly.map(({ what }) => what))
  const distributed = (twoSample?.portico.rejected ?? [])
    .filter(({ what }) => !known.has(what))
    .map(({ what, test, adjusted }) => ({
      clientClass,
      what,
      front: `${test}, corrected p = ${adjusted.toExponential(1)}`,
      portico: '',
    }))
  return [...exactly, ...distributed]
}

function flowSection(result: FlowResult, width: number): string {
  const {
    flows,
    serverDirection,
    afterTheFlight,
    wholeFlow,
    withoutTickets,
    largest,
    secondFlights,
    firstAnswers,
  } = result
  const row = (what: string, { nothing, portico }: Both<FlowResult['withoutTickets']>) => [
    what,
    aucText(nothing.combined, width),
    aucText(portico.combined, width),
    strongest(portico.single, 3),
  ]
  const rows = [
    row("server's first 20 records", serverDirection),
    row("server's first 20 records behind the flight", afterTheFlight),
    row('whole flow', wholeFlow),
  ]
  const tells = [
    ["client's first encrypted record", secondFlights.nothing.join(', '), secondFlights.portico.join(', ')],
    ["server's first answer", firstAnswers.nothing.join(', '), firstAnswers.portico.join(', ')],
    ['largest record of the server', String(largest.nothing), String(largest.portico)],
  ]
  return [
    `### Sessions (${flows} visitors of the front, ${flows} users of portico)`,
    table(['By', 'AUC of the null', 'AUC of portico', 'strongest single features'], rows),
    table(['Tell', 'visitors of the front', 'users of portico'], tells),
    `Seeded: visitors whose first answer lacks its first two records are told from visitors at ${aucText(withoutTickets.combined, width)}.`,
  ].join('\n\n')
}
