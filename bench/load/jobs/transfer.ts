import { contentBlock, isContentAt, RECEIPT } from '../command.ts'
import { type LoadSession, type Target, wireOf } from '../session.ts'
import { many, type Open } from './job.ts'

const block = contentBlock()

/** Takes what the data centre sends, each byte compared. Resolves with the last of them. */
export function takeContent(session: LoadSession, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    session.onFailure = reject
    let got = 0
    session.onPayload = (n, chunk) => {
      if (!isContentAt(got, n, chunk, block)) reject(new Error(`foreign bytes near ${got}`))
      got += n
      if (got === bytes) resolve()
      if (got > bytes) reject(new Error(`${got - bytes} bytes too many`))
    }
  })
}

function giveContent(session: LoadSession, bytes: number, wire: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    session.onFailure = reject
    let receipt = 0
    session.onPayload = (n) => {
      receipt += n
      if (receipt === RECEIPT) resolve()
    }
    let left = bytes
    const advance = () => {
      while (left > 0) {
        left -= block.length
        if (!session.socket.write(wire)) return
      }
    }
    session.socket.on('drain', advance)
    advance()
  })
}

/** @param bytes for each connection; a multiple of 1 MiB */
export async function transfer(
  open: Open,
  target: Target,
  { kind, connections, bytes }: { kind: 'send' | 'swallow'; connections: number; bytes: number },
): Promise<{ failed: number; failure?: string }> {
  const wire = wireOf(block, target)
  return many(connections, connections, async () => {
    const session = open({ kind, bytes })
    const received = kind === 'send' ? takeContent(session, bytes) : undefined
    received?.catch(() => {})
    await session.opened
    await (received ?? giveContent(session, bytes, wire))
    session.reset()
  })
}
