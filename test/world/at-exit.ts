const leaving = new Set<() => void>()
let isArmed = false

/**
 * Runs something synchronous when this process ends, by TERM too: that is how vitest ends its workers, and Node
 * emits no `exit` for it.
 */
export function atExit(leave: () => void): void {
  leaving.add(leave)
  if (isArmed) return
  isArmed = true
  process.once('exit', () => {
    for (const each of leaving) each()
  })
  process.once('SIGTERM', () => process.exit(143))
}
