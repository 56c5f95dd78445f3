import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { NODE } from '../../test/world/node.ts'
import type { Job, JobResult } from './jobs/job.ts'
import type { Target } from './session.ts'

/** Both sides of the work, each in a process of its own. */
export interface Load {
  readonly dataCentrePort: number
  /** Lets the clients do one job. @throws when it takes longer than `JOB_LIMIT` */
  run(job: Job, target: Target): Promise<JobResult>
  /** The same, in a process of its own beside it. */
  runBeside(job: Job, target: Target): Promise<JobResult>
  stop(): void
}

/** Milliseconds after which a job has hung. */
const JOB_LIMIT = 240_000

export async function startLoad(): Promise<Load> {
  const dataCentrePort = await freePort()
  const dataCentre = await start('data-centre.ts', [String(dataCentrePort)])
  const clients = await start('clients.ts', [])
  let others: ChildProcess | undefined
  return {
    dataCentrePort,
    run: (job, target) => runIn(clients, job, target),
    runBeside: async (job, target) => {
      others ??= await start('clients.ts', [])
      return runIn(others, job, target)
    },
    stop: () => {
      for (const child of [dataCentre, clients, others]) child?.kill('SIGKILL')
    },
  }
}

async function runIn(clients: ChildProcess, job: Job, target: Target): Promise<JobResult> {
  const answered = once(clients, 'message', { signal: AbortSignal.timeout(JOB_LIMIT) })
  clients.send({ job, target })
  const [result] = (await answered) as [JobResult]
  return result
}

async function start(file: string, args: string[]): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, file), args, { execPath: NODE, execArgv: [] })
  process.on('exit', () => child.kill('SIGKILL'))
  await once(child, 'message', { signal: AbortSignal.timeout(20_000) })
  child.once('exit', (code, signal) => {
    if (!child.killed) throw new Error(`${file} has ended (${code ?? signal})`)
  })
  return child
}
