import { parseArgs } from 'node:util'
import { CLIENT_CLASSES, type ClientClass } from './collect/client-class.ts'
import { ANSWERS, FRONTS, type FrontName } from './collect/subject.ts'

export const HELP = `Measures how well portico can be told from the site that it stands before.

npm run distinguish -- [options]

  --fronts LIST     of ${Object.keys(FRONTS).join(', ')}; default bun,nginx
  --classes LIST    hellos: ${Object.keys(CLIENT_CLASSES).join(', ')}; default all
  --answer HOW      mirror, or profile: portico's own front was recorded and is stopped, another of its kind is compared with
                    what portico answers by itself; default mirror
  --sessions N      first flights of each class and arm; default 300
  --flows N         whole sessions of each arm; default a quarter of --sessions
  --layers LIST     1 exact sets, 2 two-sample tests, 3 classifiers, 4 probe matrix; default 1,2,3
  --probe-rounds N  how often the matrix is played; default 1
  --probe-users N   users that portico has meanwhile; default 1
  --probe-busy N    sessions of as many other users that move bytes meanwhile, all the time; default 0
  --added-time N    rounds of the measurement of added time, with 1 and 10,000 users; default 0: none
  --defects N       flights behind each seeded defect; default 300, at most --sessions; 0: none, and nothing proves the instrument
  --seed N          of everything drawn for the evaluation; default 1
  --out FOLDER      where report.md, report.json and the plots go; default: the report to standard output
  --again FILE      measures nothing: judges and writes the report.json of an earlier run once more
  --help

Exit codes: 0 the run holds, whatever it found; 2 it is VOID (a null that can be told apart, a defect that was missed, a
busy session that was not); 64 wrong options; 1 something else.
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

/** @throws WrongOption */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parsed(args)
  if (values.help === true) return 'help'
  const sessions = count('sessions', values.sessions, 300)
  const probeUsers = count('probe-users', values['probe-users'], 1)
  const probeBusy = count('probe-busy', values['probe-busy'], 0)
  if (probeUsers <= probeBusy) {
    throw new WrongOption(
      `--probe-users ${probeUsers}: the prober and each of ${probeBusy} busy sessions is a user`,
    )
  }
  const layers = list('layers', values.layers ?? '1,2,3', ['1', '2', '3', '4'])
  return {
    fronts: list('fronts', values.fronts ?? 'bun,nginx', Object.keys(FRONTS) as FrontName[]),
    classes: list('classes', values.classes, Object.keys(CLIENT_CLASSES) as ClientClass[]),
    answer: list('answer', values.answer ?? 'mirror', ANSWERS)[0]!,
    sessions,
    flows: count('flows', values.flows, Math.ceil(sessions / 4)),
    layers: new Set(layers.map(Number)),
    probeRounds: count('probe-rounds', values['probe-rounds'], 1),
    probeUsers,
    probeBusy,
    addedTime: count('added-time', values['added-time'], 0),
    defects: Math.min(count('defects', values.defects, 300), sessions),
    seed: count('seed', values.seed, 1),
    out: values.out,
    again: values.again,
  }
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
    help: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new WrongOption(error instanceof Error ? error.message : String(error))
  }
}

function count(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (!/^\d{1,7}$/.test(value)) throw new WrongOption(`--${name} ${value}: a number is needed`)
  return Number(value)
}

function list<T extends string>(name: string, value: string | undefined, known: readonly T[]): T[] {
  if (value === undefined) return [...known]
  return value.split(',').map((word) => {
    const found = known.find((one) => one === word)
    if (found === undefined) throw new WrongOption(`--${name} ${word}: there are ${known.join(', ')}`)
    return found
  })
}
