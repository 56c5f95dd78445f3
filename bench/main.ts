/**
 * What portico costs beside a bare relay and HAProxy, on loopback, in the same minutes; and how it finds its users.
 * `node bench/main.ts [--only download,idle,…] [--subjects relay,…] [--rounds n] [--built] [--beside CHECKOUT] [--json FILE]`
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../test/world/node.ts'
import { SHARED_NAME } from './load/crowd.ts'
import { startFront } from './load/front.ts'
import { type Load, startLoad } from './load/processes.ts'
import { countsInstructions } from './measure/instructions.ts'
import { measureClassic } from './middle/measure-classic.ts'
import { measureMiddle } from './middle/measure-middle.ts'
import { markdown, type Results } from './report.ts'
import { hasHaproxy, startHaproxy } from './subjects/haproxy.ts'
import { build, startPortico } from './subjects/portico.ts'
import { startRelay } from './subjects/relay.ts'
import type { Subject, Surroundings } from './subjects/subject.ts'
import { measureAuthentication } from './workloads/authentication.ts'
import { measureWork } from './workloads/cpu.ts'
import { measureIdle, measureStalled } from './workloads/memory.ts'
import { WORKS, type WorkName } from './workloads/work.ts'

const AUTHENTICATION = ['users', 'crowd', 'strangers', 'attack'] as const
const PARTS = [
  ...(Object.keys(WORKS) as WorkName[]),
  'first-byte',
  'idle',
  'stalled',
  ...AUTHENTICATION,
  'middle',
  'classic',
] as const
const FIRST_BYTES = 150
const HELP = `What portico costs beside a bare relay and HAProxy, on loopback, in the same minutes; and how it finds its users.

npm run bench -- [options]

  --only LIST          of ${PARTS.join(', ')}; default all
  --subjects LIST      of relay, haproxy, portico; default all
  --rounds N           how often each is measured, in turn with the others; default 3
  --built              portico as it is run in production, without types
  --beside CHECKOUT    another checkout of portico, measured in turn with this one
  --json FILE          where the numbers go too
  --node-options TEXT  for profilers: --node-options=--cpu-prof
  --help`
const DOMAIN = SHARED_NAME
/** Nothing here waits for ever. */
const RUN_LIMIT = 20 * 60_000

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    subjects: { type: 'string', default: 'relay,haproxy,portico' },
    rounds: { type: 'string', default: '3' },
    built: { type: 'boolean', default: false },
    // Another checkout of portico, measured in turn with this one.
    beside: { type: 'string' },
    json: { type: 'string' },
    // For profilers: --node-options=--cpu-prof
    'node-options': { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const wanted = new Set(values.only?.split(',') ?? PARTS)
const unknown = [...wanted].filter((part) => !(PARTS as readonly string[]).includes(part))
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${PARTS.join(', ')}`)
  process.exit(64)
}
const rounds = Number(values.rounds)

function nodeOptions(): string[] {
  return values['node-options'].split(' ').filter(Boolean)
}

function say(text: string): void {
  process.stderr.write(`${text} …\n`)
}

type Start = () => Promise<Subject>

function starters(surroundings: Surroundings): Start[] {
  const { built, beside } = values
  const all: Record<string, Start> = {
    relay: () => startRelay(surroundings),
    ...(hasHaproxy() ? { haproxy: () => startHaproxy(surroundings) } : {}),
    portico: () =>
      startPortico(surroundings, { name: 'portico', root: ROOT, built, nodeOptions: nodeOptions() }),
  }
  const chosen = values.subjects.split(',').flatMap((name) => all[name] ?? [])
  if (beside === undefined) return chosen
  return [
    ...chosen,
    () => startPortico(surroundings, { name: 'beside', root: beside, built, nodeOptions: nodeOptions() }),
  ]
}

async function measure(load: Load, start: Start[], results: Results): Promise<void> {
  const cpuWorks = (Object.keys(WORKS) as WorkName[]).filter((name) => wanted.has(name))
  if (cpuWorks.length > 0 || wanted.has('first-byte')) {
    const subjects = await Promise.all(start.map((one) => one()))
    const instructions = countsInstructions()
    for (const name of cpuWorks) {
      say(WORKS[name].title)
      results.works.push({
        name,
        samples: await measureWork(WORKS[name], subjects, load, { rounds, instructions }),
      })
    }
    for (const subject of wanted.has('first-byte') ? subjects : []) {
      say(`first byte, ${subject.name}`)
      const job = { do: 'churn', sessions: FIRST_BYTES, atOnce: 1 } as const
      const { latency, failed } = await load.run(job, subject.target)
      results.firstByte.push({ subject: subject.name, latency: latency!, failed })
    }
    await Promise.all(subjects.map(stop))
  }
  for (const one of start) {
    if (wanted.has('idle'))
      results.idle.push(await withFresh(one, (subject) => measureIdle(subject, load), 'idle'))
    if (wanted.has('stalled')) {
      results.stalled.push(
        await withFresh(one, (subject) => measureStalled(subject, load), 'stalled readers'),
      )
    }
  }
}

/** What it had to say, before it goes. */
async function stop(subject: Subject): Promise<void> {
  const errors = subject
    .output()
    .split('\n')
    .filter((line) => line.includes('"error"'))
  if (errors.length > 0) console.error(`${subject.name} says:\n${errors.slice(0, 5).join('\n')}`)
  await subject.stop()
}

async function withFresh<T>(start: Start, work: (subject: Subject) => Promise<T>, title: string): Promise<T> {
  const subject = await start()
  say(`${title}, ${subject.name}`)
  try {
    return await work(subject)
  } finally {
    await stop(subject)
  }
}

setTimeout(() => {
  console.error('the run takes too long')
  process.exit(1)
}, RUN_LIMIT).unref()

if (values.built) for (const root of [ROOT, values.beside]) if (root !== undefined) build(root)
const folder = mkdtempSync(join(tmpdir(), 'bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

const load = await startLoad()
const front = await startFront(folder, DOMAIN)
const results: Results = {
  machine: {
    node: process.versions.node,
    cores: availableParallelism(),
    load: loadavg()[0]!,
    kernel: release(),
    front: front.name,
    portico: values.built ? 'stripped build' : 'sources',
  },
  rounds,
  works: [],
  firstByte: [],
  idle: [],
  stalled: [],
  middle: [],
  classic: [],
}
const surroundings = { folder, dataCentrePort: load.dataCentrePort, frontPort: front.port, domain: DOMAIN }
await measure(load, starters(surroundings), results)
if (AUTHENTICATION.some((part) => wanted.has(part))) {
  results.authentication = await measureAuthentication((part) => wanted.has(part), {
    load,
    surroundings,
    portico: { root: ROOT, built: values.built, nodeOptions: nodeOptions() },
    say,
  })
}
const around = { folder, frontPort: front.port, domain: DOMAIN }
if (wanted.has('middle')) {
  results.middle.push(...(await measureMiddle(around, { built: values.built, rounds })))
}
if (wanted.has('classic')) results.classic.push(...(await measureClassic(around, { built: values.built })))
load.stop()
await front.stop()
console.log(markdown(results))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`)
process.exit()
