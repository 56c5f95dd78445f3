/** How well portico can be told from its front: `npm run distinguish -- --help`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { startDataCentreProcess } from '../../test/world/data-centre/start-process.ts'
import type { AddedTime } from './collect/added-time.ts'
import { countEncryptedRecords, warmUp } from './collect/flights.ts'
import { keepAliveDifferences } from './collect/keep-alive.ts'
import { answersOf, FRONTS, type FrontName, type SubjectOptions, startSubject } from './collect/subject.ts'
import { seededDefects } from './defects/seeded-defects.ts'
import { earlierRun } from './earlier-run.ts'
import { isProbed, type ProbedFront } from './layers/probed-fronts.ts'
import { type ProbeResult, probeMatrix } from './layers/probes.ts'
import { measureAddedTime, measureClass, measureFlows } from './measure.ts'
import { HELP, type Options, readOptions, WrongOption } from './options.ts'
import { markdown } from './report/markdown.ts'
import { plotsOf } from './report/plots.ts'
import type { ClassResult, FrontResult, Run } from './results.ts'
import { seeded } from './statistics/random.ts'
import { Taps } from './tap/tap.ts'
import { judgedWidth, whyVoid } from './verdict.ts'

const EXIT_VOID = 2
const EXIT_USAGE = 64
/** Handshakes before those that are compared. */
const MOST_WARM_UP = 600
/** At a stroll: every search has ended before the next visitor comes. */
const REST = 200
/** Just started: the runtime has not translated yet what runs. */
const STARTED = { warmUp: 20, rest: REST, distance: 0 }
/** A portico that has had some thousands of connections. A hello comes right behind the connection, however far the client is. */
const USUAL = { warmUp: 1000, rest: REST, distance: 0 }
/** The same for clients that take their time. */
const LATE = { warmUp: 1000, rest: REST, distance: 5 }
const PACES = [1, 10_000].flatMap((users) => [STARTED, USUAL, LATE].map((pace) => ({ users, pace })))

function say(text: string): void {
  process.stderr.write(`${text} …\n`)
}

/** Layers 1 to 3 before one front. */
async function measureFront(
  name: FrontName,
  options: Options,
  taps: Taps,
  setup: SubjectOptions,
): Promise<Omit<FrontResult, 'probes' | 'addedTime'>> {
  const { layers, sessions, flows } = options
  const random = seeded(options.seed)
  if (![1, 2, 3].some((layer) => layers.has(layer))) return { front: name, classes: [] }
  const subject = await startSubject(name, taps, { ...setup, answer: options.answer })
  try {
    const classes: ClassResult[] = []
    await warmUp(subject, options.classes[0]!, Math.min(sessions, MOST_WARM_UP))
    for (const clientClass of options.classes) {
      say(`${name}: flights for ${clientClass}`)
      const wanted = {
        exact: layers.has(1),
        twoSample: layers.has(2),
        classifiers: layers.has(3),
        comparisons: options.fronts.length * options.classes.length,
      }
      classes.push(await measureClass(subject, clientClass, sessions, wanted, random))
    }
    const keepAlive = layers.has(1) ? await keepAliveDifferences(subject) : undefined
    if (layers.has(3)) say(`${name}: sessions`)
    const answers = subject.isAlone ? await answersOf(subject) : undefined
    return {
      front: name,
      classes,
      ...(keepAlive && { keepAlive }),
      ...(answers && { answers }),
      ...(layers.has(3) && flows > 0 && { flows: await measureFlows(subject, flows, random) }),
    }
  } finally {
    await subject.stop()
  }
}

async function measureDefects(options: Options, taps: Taps, setup: SubjectOptions): Promise<Run['defects']> {
  const front = options.fronts.find((name) => name === 'bun' || name === 'node') ?? options.fronts[0]!
  const applies = [1, 2, 3].some((layer) => options.layers.has(layer))
  if (options.defects === 0 || !applies || FRONTS[front].oneByOne) return undefined
  say(`${front}: seeded defects`)
  const subject = await startSubject(front, taps, setup)
  try {
    const records = await countEncryptedRecords(subject.front.endpoint, 'tdlib-144')
    return { front, rows: await seededDefects(subject, taps, records, options.defects, seeded(options.seed)) }
  } finally {
    await subject.stop()
  }
}

async function measureTimes(name: FrontName, { addedTime, seed }: Options, taps: Taps): Promise<AddedTime[]> {
  const results: AddedTime[] = []
  for (const { users, pace } of addedTime > 0 ? PACES : []) {
    say(`${name}: added time with ${users} users, hellos ${pace.distance} ms after the connection`)
    results.push(await measureAddedTime(name, taps, { users, pace, rounds: addedTime }, seeded(seed)))
  }
  return results
}

function measureProbes(name: ProbedFront, options: Options): Promise<ProbeResult> {
  say(`${name}: probes`)
  const { probeRounds: rounds, probeUsers: users, probeBusy: busy } = options
  return probeMatrix(name, { rounds, users, busy })
}

async function measure(options: Options): Promise<Run> {
  const began = performance.now()
  const taps = new Taps()
  const dataCentre = await startDataCentreProcess()
  const setup = { dataCentre: { host: dataCentre.host, port: dataCentre.port } }
  const load = loadavg()[0]!.toFixed(1)
  const fronts: FrontResult[] = []
  for (const name of options.fronts) {
    const result = await measureFront(name, options, taps, setup)
    const probes = options.layers.has(4) && isProbed(name) ? await measureProbes(name, options) : undefined
    const addedTime = await measureTimes(name, options, taps)
    fronts.push({ ...result, ...(probes && { probes }), ...(addedTime.length > 0 && { addedTime }) })
  }
  const defects = await measureDefects(options, taps, setup)
  await taps.stop()
  await dataCentre.stop()
  return {
    command: `npm run distinguish -- ${process.argv.slice(2).join(' ')}`,
    machine: `Node ${process.versions.node}, Linux ${release()}, ${availableParallelism()} cores, load ${load} at the start`,
    seed: options.seed,
    minutes: (performance.now() - began) / 60_000,
    fronts,
    ...(defects && { defects }),
  }
}

function write(run: Run, why: readonly string[], out: string | undefined): void {
  const width = judgedWidth(run)
  const plots = new Map(run.fronts.map((front) => [front.front, plotsOf(front, width)]))
  if (out === undefined) {
    console.log(markdown(run, why, new Map()))
    return
  }
  mkdirSync(out, { recursive: true })
  for (const files of plots.values()) {
    for (const [file, svg] of files) writeFileSync(join(out, file), svg)
  }
  const names = new Map([...plots].map(([front, files]) => [front as string, [...files.keys()]]))
  writeFileSync(join(out, 'report.md'), markdown(run, why, names))
  writeFileSync(join(out, 'report.json'), `${JSON.stringify({ ...run, void: why }, undefined, 1)}\n`)
  say(`${join(out, 'report.md')}${why.length > 0 ? ': VOID' : ''}`)
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const run = options.again === undefined ? await measure(options) : earlierRun(options.again)
  const why = whyVoid(run)
  write(run, why, options.out)
  return why.length > 0 ? EXIT_VOID : 0
}

process.once('SIGINT', () => process.exit(130))
try {
  process.exit(await main())
} catch (error) {
  if (!(error instanceof WrongOption)) throw error
  console.error(`${error.message}\n\n${HELP}`)
  process.exit(EXIT_USAGE)
}
