import { setTimeout as sleep } from 'node:timers/promises'

const STEP = 20

/**
 * Asks until the answer is neither false nor undefined. `what` is what the error says was waited for.
 * @throws after `timeout` ms
 */
export async function waitFor<T>(
  what: string | (() => string),
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeout = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeout
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeout} ms for ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(STEP)
  }
}
