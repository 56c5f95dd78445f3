import { readdirSync, readFileSync } from 'node:fs'

/** What a process has used so far: seconds of CPU of all its threads. */
export interface CpuTime {
  readonly total: number
  readonly user: number
  readonly system: number
}

const TICKS_PER_SECOND = 100 // USER_HZ, the unit of /proc/PID/stat on every Linux architecture

/**
 * Total from the scheduler's own count, in nanoseconds, because a cheap subject uses little more than the clock tick of
 * /proc/PID/stat; how it is shared between user and kernel is known by those ticks only.
 */
export function cpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const user = Number(fields[11]) / TICKS_PER_SECOND
  const system = Number(fields[12]) / TICKS_PER_SECOND
  return { total: scheduled(pid) ?? user + system, user, system }
}

function scheduled(pid: number): number | undefined {
  try {
    let nanoseconds = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
    }
    return nanoseconds > 0 ? nanoseconds / 1e9 : undefined
  } catch {
    // A kernel without CONFIG_SCHED_INFO, or a thread that has just ended.
    return undefined
  }
}

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024
}

/** The most that was resident while `work` ran, looked at every 20 ms. */
export async function peakResident<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; peak: number }> {
  let peak = residentBytes(pid)
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid))
  }, 20)
  try {
    return { result: await work(), peak: Math.max(peak, residentBytes(pid)) }
  } finally {
    clearInterval(timer)
  }
}
