import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { atExit } from './at-exit.ts'

/** A child whose output is kept, for the message when something goes wrong. */
export interface RunningProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** Standard output and error, as far as it has come, at most the last 64 KiB. */
  output(): string
  /** Sends the signal and waits for the end; code or signal name. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
  readonly exited: Promise<number | NodeJS.Signals>
}

const KEPT_OUTPUT = 1 << 16

const children = new Set<ChildProcess>()

atExit(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** @throws what `spawn` reports, such as ENOENT. */
export async function startProcess(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<RunningProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  const keep = (text: Buffer) => {
    output = (output + text.toString()).slice(-KEPT_OUTPUT)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => {
      children.delete(child)
      resolve(code ?? signal ?? -1)
    })
  })
  await once(child, 'spawn')
  children.add(child)
  return {
    child,
    pid: child.pid!,
    output: () => output,
    exited,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exited
    },
  }
}
