import { randomBytes } from 'node:crypto'
import { type Target, wireOf } from '../session.ts'
import { many, type Open } from './job.ts'

/** Requests that the data centre echoes: each connection asks again when its answer is complete. */
export async function talk(
  open: Open,
  target: Target,
  { connections, messages, size }: { connections: number; messages: number; size: number },
): Promise<{ failed: number; failure?: string }> {
  const wire = wireOf(randomBytes(size), target)
  const each = Math.ceil(messages / connections)
  return many(connections, connections, async () => {
    const session = open({ kind: 'echo', bytes: 0 })
    await session.opened
    await new Promise<void>((resolve, reject) => {
      session.onFailure = reject
      let left = each
      let got = 0
      session.onPayload = (n) => {
        got += n
        if (got < size) return
        if (got > size) reject(new Error('an answer longer than its request'))
        got = 0
        if (--left === 0) resolve()
        else session.socket.write(wire)
      }
      session.socket.write(wire)
    })
    session.reset()
  })
}
