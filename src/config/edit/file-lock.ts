import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, readlinkSync, rmSync, statSync, writeSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MILLISECONDS = 20
/** An edit takes milliseconds; whoever cannot be looked at (another machine or container) is waited for so long. */
const STALE_MILLISECONDS = 30_000

export class LockError extends Error {
  readonly code = 'locked'
  readonly lock: string

  constructor(lock: string, owner: string) {
    super(`another editor holds ${lock}${owner === '' ? '' : ` (${owner})`}`)
    this.name = 'LockError'
    this.lock = lock
  }
}

interface Owner {
  readonly pid: number
  /** Where that pid means something. */
  readonly place: string
  /** Start of the process, so that a pid used again is not taken for its former owner. */
  readonly born: string
  readonly token: string
}

/**
 * Runs `act` while no other editor of `file` does. The lock is a file beside it, or in the temporary folder where nothing can
 * be made beside it; one whose owner is dead is taken away.
 * @throws LockError after `patience` milliseconds
 */
export async function withFileLock<T>(file: string, patience: number, act: () => Promise<T> | T): Promise<T> {
  const lock = await acquire(file, patience)
  try {
    return await act()
  } finally {
    // Not that of somebody who took it for stale.
    if (ownerOf(lock)?.token === me().token) rmSync(lock, { force: true })
  }
}

async function acquire(file: string, patience: number): Promise<string> {
  const deadline = performance.now() + patience
  for (;;) {
    const lock = tryLock(beside(file)) ?? tryLock(elsewhere(file))
    if (lock?.taken) return lock.path
    const path = lock?.path ?? beside(file)
    if (breakStale(path)) continue
    if (performance.now() >= deadline) throw new LockError(path, ownerText(path))
    await sleep(POLL_MILLISECONDS * (1 + Math.random()))
  }
}

function beside(file: string): string {
  return join(dirname(file), `.${basename(file)}.lock`)
}

function elsewhere(file: string): string {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 32)
  return join(tmpdir(), `portico-${name}.lock`)
}

/** Undefined: nothing can be made there. */
function tryLock(path: string): { path: string; taken: boolean } | undefined {
  try {
    const lock = openSync(path, 'wx', 0o600)
    try {
      writeSync(lock, JSON.stringify(me()))
    } finally {
      closeSync(lock)
    }
    return { path, taken: true }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EEXIST' ? { path, taken: false } : undefined
  }
}

/**
 * True: the lock is worth another try. A lock is only taken away by who holds the right to do so, and only after a second
 * look, or two who saw the same dead owner would take each other's.
 */
function breakStale(lock: string): boolean {
  if (!isStale(lock)) return false
  const right = `${lock}.break`
  if (ageOf(right) > STALE_MILLISECONDS) rmSync(right, { force: true })
  if (tryLock(right)?.taken !== true) return false
  try {
    if (!isStale(lock)) return false
    rmSync(lock, { force: true })
    return true
  } finally {
    rmSync(right, { force: true })
  }
}

function isStale(lock: string): boolean {
  const age = ageOf(lock)
  if (age < 0) return false
  const owner = ownerOf(lock)
  if (owner === undefined || owner.place !== me().place) return age > STALE_MILLISECONDS
  return bornAt(owner.pid) !== owner.born
}

/** Negative: there is none. */
function ageOf(path: string): number {
  try {
    return Math.max(0, Date.now() - statSync(path).mtimeMs)
  } catch {
    return -1
  }
}

function ownerOf(lock: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(lock, 'utf8'))
    const isOwner = typeof owner === 'object' && owner !== null && 'pid' in owner && 'place' in owner
    return isOwner ? (owner as Owner) : undefined
  } catch {
    return undefined
  }
}

function ownerText(lock: string): string {
  const owner = ownerOf(lock)
  return owner === undefined ? '' : `process ${owner.pid}`
}

let own: Owner | undefined
function me(): Owner {
  own ??= {
    pid: process.pid,
    place: place(),
    born: bornAt(process.pid),
    token: randomBytes(8).toString('hex'),
  }
  return own
}

/** Containers that share a folder do not share their pids. */
function place(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)); empty for nobody. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
