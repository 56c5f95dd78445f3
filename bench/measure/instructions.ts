import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

const EVENTS = ['instructions:u', 'instructions:k']

/** Whether this machine counts instructions: many virtual ones do not. */
export function countsInstructions(): boolean {
  const { stderr, status } = spawnSync('perf', ['stat', '-x,', '-e', EVENTS.join(), 'true'], {
    encoding: 'utf8',
  })
  return status === 0 && counts(stderr) !== undefined
}

/** Instructions, user and kernel together, that all threads of a process retire during `work`. */
export async function instructionsOf<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; instructions: number | undefined }> {
  const perf = spawn('perf', ['stat', '-x,', '-e', EVENTS.join(), '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  perf.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(perf, 'spawn')
  const over = once(perf, 'close')
  const result = await work()
  perf.kill('SIGINT')
  await over
  return { result, instructions: counts(output) }
}

/** Lines of `perf stat -x,`: value, unit, event, … */
function counts(output: string): number | undefined {
  const rows = output.split('\n').map((line) => line.split(','))
  const values = EVENTS.map((event) => Number(rows.find((row) => row[2] === event)?.[0] ?? Number.NaN))
  return values.every(Number.isFinite) ? values.reduce((sum, value) => sum + value) : undefined
}
