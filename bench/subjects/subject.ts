import { connect } from 'node:net'
import { type RunningProcess, startProcess } from '../../test/world/process.ts'
import { waitFor } from '../../test/world/wait-for.ts'
import type { Target } from '../load/session.ts'

/** A program between clients and the data centre, whose cost is measured. */
export interface Subject {
  readonly name: string
  readonly pid: number
  readonly target: Target
  /** What it has written so far. */
  output(): string
  stop(): Promise<void>
}

export interface Surroundings {
  /** Folder for files of this run. */
  readonly folder: string
  readonly dataCentrePort: number
  readonly frontPort: number
  readonly domain: string
}

const STOP_LIMIT = 8000

/** Starts the program and waits until it accepts. @throws with its output when it does not */
export async function startSubject(
  name: string,
  program: string,
  args: readonly string[],
  target: Target,
  wait = 60_000,
): Promise<Subject> {
  const running = await startProcess(program, args)
  await waitFor(
    () => `${name} to listen; it says:\n${running.output()}`,
    () => accepts(target.port, running),
    wait,
  )
  return {
    name,
    pid: running.pid,
    target,
    output: running.output,
    // Politely first: a profiler writes at the end.
    stop: async () => {
      const deadline = setTimeout(() => running.child.kill('SIGKILL'), STOP_LIMIT)
      await running.stop('SIGTERM')
      clearTimeout(deadline)
    },
  }
}

async function accepts(port: number, running: RunningProcess): Promise<boolean> {
  if (running.child.exitCode !== null) throw new Error(`it has ended:\n${running.output()}`)
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
