/** The clients, as a process: one job at a time, each told and answered over the parent's channel. */
import { browse } from './jobs/browse.ts'
import { BusySessions } from './jobs/busy.ts'
import { churn } from './jobs/churn.ts'
import { flood } from './jobs/flood.ts'
import { type Job, type JobResult, opener } from './jobs/job.ts'
import { KeptSessions } from './jobs/kept.ts'
import { knock } from './jobs/knock.ts'
import { talk } from './jobs/talk.ts'
import { transfer } from './jobs/transfer.ts'
import type { Target } from './session.ts'

const kept = new KeptSessions()
const busy = new BusySessions()

type Outcome = Omit<JobResult, 'seconds'>

function run(job: Job, target: Target): Outcome | Promise<Outcome> {
  const open = opener(target)
  switch (job.do) {
    case 'transfer':
      return transfer(open, target, job)
    case 'talk':
      return talk(open, target, job)
    case 'churn':
      return churn(open, job)
    case 'hold':
      return kept.hold(open, job.sessions)
    case 'stall':
      return kept.stall(open, job.sessions, job.bytes)
    case 'drain':
      return kept.drain()
    case 'release':
      kept.release()
      return { failed: 0 }
    case 'begin-busy':
      return busy.begin(target, job)
    case 'end-busy':
      return { failed: 0, busy: busy.end() }
    case 'knock':
      return knock(target, job)
    case 'browse':
      return browse(target, job)
    case 'flood':
      return flood(target, job)
  }
}

async function answer({ job, target }: { job: Job; target: Target }): Promise<void> {
  const began = performance.now()
  const outcome = await run(job, target)
  process.send!({ ...outcome, seconds: (performance.now() - began) / 1000 } satisfies JobResult)
}

// A job that throws is a fault of the bench: the process ends, and the run with it.
process.on('message', (message: { job: Job; target: Target }) => void answer(message))
process.on('disconnect', () => process.exit())
process.send!('ready')
