import { randomBytes } from 'node:crypto'
import type { LoadSession } from '../session.ts'
import { many, type Open } from './job.ts'
import { takeContent } from './transfer.ts'

const MESSAGE = 600
const AT_ONCE = 64

/** Sessions that stay after their job: idle ones, and readers that have stopped. */
export class KeptSessions {
  readonly #idle: LoadSession[] = []
  readonly #stalled: { session: LoadSession; complete: Promise<void> }[] = []

  /** Each has said something and been answered once. */
  hold(open: Open, sessions: number): Promise<{ failed: number; failure?: string }> {
    const message = randomBytes(MESSAGE)
    return many(sessions, AT_ONCE, async () => {
      const session = open({ kind: 'echo', bytes: 0 })
      await session.opened
      await session.ask(message)
      this.#idle.push(session)
    })
  }

  release(): void {
    for (const session of this.#idle.splice(0)) session.reset()
  }

  /** Each asks for `bytes` and reads none of them. */
  stall(open: Open, sessions: number, bytes: number): Promise<{ failed: number; failure?: string }> {
    return many(sessions, AT_ONCE, async () => {
      const session = open({ kind: 'send', bytes })
      const complete = takeContent(session, bytes)
      complete.catch(() => {})
      await session.opened
      session.socket.pause()
      this.#stalled.push({ session, complete })
    })
  }

  /** The stalled ones read again, to the end. */
  drain(): Promise<{ failed: number; failure?: string }> {
    const stalled = this.#stalled.splice(0)
    return many(stalled.length, stalled.length, async (index) => {
      const { session, complete } = stalled[index]!
      session.socket.resume()
      await complete
      session.reset()
    })
  }
}
