import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './at-exit.ts'

const NAME = /^portico-world-[a-z-]+-(\d+)-\w{6}$/
const made: string[] = []

/** Lives as long as this process. */
export function temporaryFolder(name: string): string {
  if (made.length === 0) {
    removeOrphans()
    atExit(() => made.forEach(remove))
  }
  const folder = mkdtempSync(join(tmpdir(), `portico-world-${name}-${process.pid}-`))
  made.push(folder)
  return folder
}

/** What test processes left behind that were killed. */
function removeOrphans(): void {
  for (const entry of readdirSync(tmpdir())) {
    const owner = NAME.exec(entry)?.[1]
    if (owner && !isAlive(Number(owner))) remove(join(tmpdir(), entry))
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
