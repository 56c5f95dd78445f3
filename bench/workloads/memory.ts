import { setTimeout as sleep } from 'node:timers/promises'
import type { Load } from '../load/processes.ts'
import { peakResident, residentBytes } from '../measure/usage.ts'
import type { Subject } from '../subjects/subject.ts'

const FEW = 1000
const MANY = 5000
/** Sessions that come and go first: what a busy start makes a heap grow to is not the idle ones' cost. */
const WARM_UP = 2500
const READERS = 200
/** More than the kernel takes for a reader that has stopped, so that the rest waits in the subject. */
const READER_BYTES = 12 << 20
const SILENT = 100
const SILENT_BYTES = 10 << 20
const SETTLE = 1500

export interface IdleMemory {
  readonly subject: string
  /** Before the first session, MB. */
  readonly empty: number
  /** Between 1,000 and 5,000 idle sessions. */
  readonly kibPerSession: number
  readonly failed: number
  readonly failure: string | undefined
}

/** @param subject freshly started */
export async function measureIdle(subject: Subject, load: Load): Promise<IdleMemory> {
  const { pid, target, name } = subject
  const empty = residentBytes(pid)
  const warm = await load.run({ do: 'churn', sessions: WARM_UP, atOnce: 64 }, target)
  const first = await load.run({ do: 'hold', sessions: FEW }, target)
  await sleep(SETTLE)
  const few = residentBytes(pid)
  const others = await load.run({ do: 'hold', sessions: MANY - FEW }, target)
  await sleep(SETTLE)
  const many = residentBytes(pid)
  await load.run({ do: 'release' }, target)
  return {
    subject: name,
    empty: empty / 1e6,
    kibPerSession: (many - few) / 1024 / (MANY - FEW),
    failed: warm.failed + first.failed + others.failed,
    failure: warm.failure ?? first.failure ?? others.failure,
  }
}

export interface StalledMemory {
  readonly subject: string
  /** Most that was resident while 200 readers stood still, less what was before, MB. */
  readonly growth: number
  /** Others meanwhile: 2,000 requests of 600 B. */
  readonly othersSeconds: number
  readonly othersFailed: number
  /** Stalled readers that then got all their bytes, each the right one. */
  readonly drained: number
  readonly readers: number
  /** 10 MB to a client that says nothing: complete ones. */
  readonly silent: number
  readonly silentOf: number
}

/** @param subject freshly started */
export async function measureStalled(subject: Subject, load: Load): Promise<StalledMemory> {
  const { pid, target, name } = subject
  const talk = { do: 'talk', connections: 8, messages: 2000, size: 600 } as const
  await load.run(talk, target)
  await load.run({ do: 'transfer', kind: 'send', connections: 8, bytes: READER_BYTES }, target)
  const before = residentBytes(pid)
  const stalled = await peakResident(pid, async () => {
    const begun = await load.run({ do: 'stall', sessions: READERS, bytes: READER_BYTES }, target)
    await sleep(SETTLE)
    return { begun, others: await load.run(talk, target) }
  })
  const drained = await load.run({ do: 'drain' }, target)
  const silent = await load.run(
    { do: 'transfer', kind: 'send', connections: SILENT, bytes: SILENT_BYTES },
    target,
  )
  const { begun, others } = stalled.result
  return {
    subject: name,
    growth: (stalled.peak - before) / 1e6,
    othersSeconds: others.seconds,
    othersFailed: others.failed,
    drained: READERS - begun.failed - drained.failed,
    readers: READERS,
    silent: SILENT - silent.failed,
    silentOf: SILENT,
  }
}
