import { createHash } from 'node:crypto'
import { contentBytes } from './content.ts'
import type { Ending, RawCommand } from './raw-command.ts'

/** What a raw talk may do with its connection. */
export interface RawLine {
  /** False when the peer does not take more for now; `onDrain` is called when it does. */
  write(bytes: Buffer): boolean
  onDrain(resume: () => void): void
  stall(): void
  finish(ending: Ending): void
}

/** Receives what the peer sends after its command. */
export type RawTalk = (bytes: Buffer) => void

const CHUNK = 1 << 16

export function startRawTalk(command: RawCommand, line: RawLine): RawTalk {
  switch (command.kind) {
    case 'firehose':
      pour(command, line)
      return () => {}
    case 'echo':
      return (bytes) => {
        line.write(bytes)
      }
    case 'sink':
      return sink(command.bytes, command.then, line)
    case 'mute':
      return () => {}
    case 'stall':
      line.stall()
      return () => {}
  }
}

function pour({ bytes, seed, then }: RawCommand & { kind: 'firehose' }, line: RawLine): void {
  let at = 0
  const more = () => {
    while (at < bytes) {
      const chunk = contentBytes(seed, at, Math.min(CHUNK, bytes - at))
      at += chunk.length
      if (!line.write(chunk)) return line.onDrain(more)
    }
    line.finish(then)
  }
  more()
}

function sink(wanted: number, then: Ending, line: RawLine): RawTalk {
  const hash = createHash('sha256')
  let missing = wanted
  return (bytes) => {
    if (missing <= 0) return
    const taken = bytes.subarray(0, missing)
    hash.update(taken)
    missing -= taken.length
    if (missing > 0) return
    line.write(hash.digest())
    line.finish(then)
  }
}
