import type { Load } from '../load/processes.ts'
import { instructionsOf } from '../measure/instructions.ts'
import { cpuTime } from '../measure/usage.ts'
import type { Subject } from '../subjects/subject.ts'
import type { Work } from './work.ts'

const WARM_UP = 0.34

/** One subject's part of one round. */
export interface Sample {
  readonly subject: string
  /** In the unit of the work. */
  readonly cpu: number
  readonly user: number
  readonly system: number
  /** Per unit of the work; where the machine counts them. */
  readonly instructions: number | undefined
  readonly seconds: number
  readonly failed: number
  readonly failure?: string
}

/** The same work for each subject in turn, as often as there are rounds, so that all meet the same neighbours on the machine. */
export async function measureWork(
  work: Work,
  subjects: readonly Subject[],
  load: Load,
  { rounds, instructions }: { rounds: number; instructions: boolean },
): Promise<Sample[]> {
  for (const subject of subjects) await load.run(work.job(WARM_UP), subject.target)
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    const order = subjects.map((_, index) => subjects[(index + round) % subjects.length]!)
    for (const subject of order) samples.push(await sample(work, subject, load, instructions))
  }
  return samples
}

async function sample(work: Work, subject: Subject, load: Load, instructions: boolean): Promise<Sample> {
  const before = cpuTime(subject.pid)
  const run = () => load.run(work.job(1), subject.target)
  const counted = instructions
    ? await instructionsOf(subject.pid, run)
    : { result: await run(), instructions: undefined }
  const after = cpuTime(subject.pid)
  const perUnit = (seconds: number) => (seconds * work.perSecond) / work.amount
  return {
    subject: subject.name,
    cpu: perUnit(after.total - before.total),
    user: perUnit(after.user - before.user),
    system: perUnit(after.system - before.system),
    instructions: counted.instructions === undefined ? undefined : counted.instructions / work.amount,
    seconds: counted.result.seconds,
    failed: counted.result.failed,
    ...(counted.result.failure === undefined ? {} : { failure: counted.result.failure }),
  }
}
