// needs: script

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NODE, ROOT } from '../world/node.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE } from '../world/portico-toml.ts'

const PROGRAM = ['--disable-sigusr1', join(ROOT, 'src', 'cli', 'main.ts')]
const ENV = { PATH: process.env.PATH ?? '', TERM: 'xterm', PORTICO_PROCESS_WORKERS: '1' }
const NAME = Buffer.from('www.example.org').toString('hex')
/** How many at a time: the machines that run this have two cores. */
const AT_ONCE = 3

/** Users that are there, one for each command that changes one, in each of the three places. */
const PLACES = ['terminal', 'pipe', 'stopped'] as const
type Place = (typeof PLACES)[number]
const ROLES = ['set', 'off', 'on', 'rotated', 'removed'] as const

interface Command {
  readonly words: (place: Place) => string
  /** Exit code without a portico that runs; 0 unless said. */
  readonly stopped?: number
  readonly running?: number
}

const of = (words: string): Command => ({ words: () => words })
const COMMANDS: readonly Command[] = [
  of('--help'),
  of('--version'),
  of('secret'),
  of('config schema'),
  of('check CONFIG'),
  of('link --qr --config CONFIG'),
  of('link alice --json --config CONFIG'),
  of('config show --origin --config CONFIG'),
  of('user list --config CONFIG'),
  of('user show alice --config CONFIG'),
  { words: (place) => `user add new-${place} --config CONFIG` },
  { words: (place) => `user set set-${place} sessions=20 --config CONFIG` },
  { words: (place) => `user disable off-${place} --config CONFIG` },
  { words: (place) => `user enable on-${place} --json --config CONFIG` },
  { words: (place) => `user rotate rotated-${place} --overlap 1h --config CONFIG` },
  { words: (place) => `user remove removed-${place} --config CONFIG` },
  { words: (place) => `move --host ${place}.example.org --config CONFIG` },
  { words: (place) => `backup FOLDER/${place}.tar.gz --config CONFIG` },
  { words: (place) => `import ee${ALICE}${NAME} --config FOLDER/imported-${place}.toml` },
  { words: () => 'reload --config CONFIG', stopped: 69 },
  { words: () => 'status --config CONFIG', stopped: 69 },
  { words: () => 'restore FOLDER/nothing.tar.gz --config FOLDER/other.toml', running: 64, stopped: 64 },
]

let portico: Portico
beforeAll(async () => {
  let n = 0
  const names = PLACES.flatMap((place) => ROLES.map((role) => `${role}-${place}`))
  const others = Object.fromEntries(names.map((name) => [name, (++n).toString(16).padStart(32, 'b')]))
  portico = await startPortico({
    config: { domain: 'www.example.org', front: 'built-in', users: { alice: ALICE, ...others } },
    workers: 1,
  })
})
afterAll(async () => {
  await portico?.kill9()
})

interface Ended {
  readonly line: string
  readonly status: number | null
  readonly said: string
}

function ended(line: string, program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: ENV, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said += bytes.toString()
      })
    }
    child.once('error', reject)
    child.once('close', (status) => resolve({ line, status, said }))
  })
}

/** Through the shell, as somebody would type it. */
function shellLine(command: Command, place: Place): string {
  const words = command.words(place).replaceAll('CONFIG', portico.file).replaceAll('FOLDER', portico.dir)
  return [NODE, ...PROGRAM, ...words.split(' ')].map((word) => `'${word}'`).join(' ')
}

const RUN: Record<Place, (line: string) => Promise<Ended>> = {
  terminal: (line) => ended(line, 'script', ['-qec', line, '/dev/null']),
  // Nobody reads: each write may fail.
  pipe: (line) => ended(line, 'bash', ['-c', `${line} | true; exit \${PIPESTATUS[0]}`]),
  stopped: (line) => ended(line, 'bash', ['-c', `${line} | head -1; exit \${PIPESTATUS[0]}`]),
}

/** What went wrong, command by command. */
async function complaints(place: Place): Promise<string[]> {
  const waiting = [...COMMANDS]
  const found: string[] = []
  const next = async (): Promise<void> => {
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      const { line, status, said } = await RUN[place](shellLine(command, place))
      const expected = (place === 'stopped' ? command.stopped : command.running) ?? 0
      const isQuiet = !/EPIPE|a bug|\n {4}at /.test(said)
      const isSaid = place !== 'terminal' || said !== ''
      if (status !== expected || !isQuiet || !isSaid) found.push(`${line} → ${status}: ${said}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next))
  return found
}

// A second try would find what the first has changed.
const ONCE = { retry: 0 }

test('at a terminal', ONCE, async () => {
  expect(await complaints('terminal')).toEqual([])
})

test('into a pipe that nobody reads', ONCE, async () => {
  expect(await complaints('pipe')).toEqual([])
})

test('while nothing runs, into a pipe of which one line is read', ONCE, async () => {
  await portico.stop()
  expect(await complaints('stopped')).toEqual([])
})
