import { parseArgs } from 'node:util'
import { FOLDS } from './classifiers/cross-validation.ts'
import { CLIENT_CLASSES, type ClientClass } from './collect/client-class.ts'
import { ANSWERS, FRONTS, type FrontName } from './collect/subject.ts'
import { isProbed, PROBED_FRONTS } from './layers/probed-fronts.ts'

const PROBED = Object.keys(PROBED_FRONTS)

export const HELP = `Measures how well portico can be told from the site that it stands before.

npm run distinguish -- [options]

  --fronts LIST     of ${Object.keys(FRONTS).join(', ')}; default bun,nginx
  --classes LIST    hellos: ${Object.keys(CLIENT_CLASSES).join(', ')}; default all
  --answer HOW      mirror, or profile: portico's own front was recorded and is stopped, another of its kind is compared with
                    what portico answers by itself, in layers 1 to 3 only; default mirror
  --sessions N      first flights of each class and arm; default 300
  --flows N         whole sessions of each arm; default a quarter of --sessions
  --layers LIST     1 exact sets, 2 two-sample tests, 3 classifiers, 4 probe matrix (of ${PROBED.join(', ')}); default 1,2,3
  --probe-rounds N  how often the matrix is played; default 1
  --probe-users N   users that portico has meanwhile; default 1
  --probe-busy N    sessions of as many other users that move bytes meanwhile, all the time; default 0
  --added-time N    rounds of the measurement of added time, with 1 and 10,000 users; default 0: none
  --defects N       flights behind each seeded defect; default 300, at most --sessions; 0: none, and nothing proves the instrument
  --seed N          of everything drawn for the evaluation; default 1
  --out FOLDER      where report.md, report.json and the plots go; default: the report to standard output
  --again FILE      measures nothing: judges and writes the report.json of an earlier run once more
  -h, --help

Exit codes: 0 the run holds, whatever it found; 2 it is VOID (a null that can be told apart, a defect that was missed, with
--answer profile an answer that was not a recorded one, a busy session that was not); 64 wrong options, or no report to judge
again; 1 something else.
`

export class WrongOption extends Error {
  readonly code = 'wrong_option'
}

export interface Options {
  readonly fronts: readonly FrontName[]
  readonly classes: readonly ClientClass[]
  readonly answer: (typeof ANSWERS)[number]
  readonly sessions: number
  readonly flows: number
  readonly layers: ReadonlySet<number>
  readonly probeRounds: number
  readonly probeUsers: number
  readonly probeBusy: number
  readonly addedTime: number
  readonly defects: number
  readonly seed: number
  readonly out: string | undefined
  readonly again: string | undefined
}

/** Below this not every fold of the classifiers has flights of both sides. */
const LEAST_FLIGHTS = FOLDS

/** @throws WrongOption */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parsed(args)
  if (values.help === true) return 'help'
  const sessions = count('sessions', values.sessions, { usual: 300, least: LEAST_FLIGHTS })
  const options: Options = {
    fronts: list('fronts', values.fronts ?? 'bun,nginx', Object.keys(FRONTS) as FrontName[]),
    classes: list('classes', values.classes, Object.keys(CLIENT_CLASSES) as ClientClass[]),
    answer: one('answer', values.answer ?? 'mirror', ANSWERS),
    sessions,
    flows: count('flows', values.flows, { usual: Math.max(LEAST_FLIGHTS, Math.ceil(sessions / 4)) }),
    layers: new Set(list('layers', values.layers ?? '1,2,3', ['1', '2', '3', '4']).map(Number)),
    probeRounds: count('probe-rounds', values['probe-rounds'], { usual: 1, least: 1 }),
    probeUsers: count('probe-users', values['probe-users'], { usual: 1, least: 1 }),
    probeBusy: count('probe-busy', values['probe-busy'], { usual: 0 }),
    addedTime: count('added-time', values['added-time'], { usual: 0 }),
    defects: Math.min(count('defects', values.defects, { usual: 300 }), sessions),
    seed: count('seed', values.seed, { usual: 1 }),
    out: values.out,
    again: values.again,
  }
  const why = whyNotTogether(options)
  if (why !== undefined) throw new WrongOption(why)
  return options
}

/** What a run could only leave out in silence. */
function whyNotTogether({
  fronts,
  answer,
  layers,
  flows,
  addedTime,
  probeUsers,
  probeBusy,
}: Options): string | undefined {
  if (flows > 0 && flows < LEAST_FLIGHTS) return `--flows ${flows}: none, or at least ${LEAST_FLIGHTS}`
  if (probeUsers <= probeBusy) {
    return `--probe-users ${probeUsers}: the prober and each of ${probeBusy} busy sessions is a user`
  }
  const unknown = layers.has(4) ? fronts.filter((front) => !isProbed(front)) : []
  if (unknown.length > 0) {
    return `--layers 4: the probe matrix knows the clocks of ${PROBED.join(', ')}, not of ${unknown.join(', ')}`
  }
  if (answer === 'profile' && layers.has(4))
    return '--answer profile: not with layer 4, whose portico has its front'
  if (answer === 'profile' && addedTime > 0)
    return '--answer profile: not with --added-time, whose portico has its front'
  return undefined
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const options = {
    fronts: text,
    classes: text,
    answer: text,
    sessions: text,
    flows: text,
    layers: text,
    'probe-rounds': text,
    'probe-users': text,
    'probe-busy': text,
    'added-time': text,
    defects: text,
    seed: text,
    out: text,
    again: text,
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new WrongOption(error instanceof Error ? error.message : String(error))
  }
}

function count(
  name: string,
  value: string | undefined,
  { usual, least = 0 }: { usual: number; least?: number },
): number {
  if (value === undefined) return usual
  if (!/^\d{1,7}$/.test(value))
    throw new WrongOption(`--${name} ${JSON.stringify(value)}: a number is needed`)
  if (Number(value) < least) throw new WrongOption(`--${name} ${value}: at least ${least} is needed`)
  return Number(value)
}

function list<T extends string>(name: string, value: string | undefined, known: readonly T[]): T[] {
  if (value === undefined) return [...known]
  return [...new Set(value.split(',').map((word) => one(name, word.trim(), known)))]
}

function one<T extends string>(name: string, word: string, known: readonly T[]): T {
  const found = known.find((each) => each === word)
  if (found === undefined) {
    throw new WrongOption(`--${name}: ${JSON.stringify(word)} is none of ${known.join(', ')}`)
  }
  return found
}
