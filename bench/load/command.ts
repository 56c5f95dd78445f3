/** What a session wants of the data centre: the first bytes behind its init. */
export interface Command {
  /** `echo`: every byte comes back. `send`: that many bytes of `contentBlock`. `swallow`: takes that many, then says `RECEIPT`. */
  readonly kind: 'echo' | 'send' | 'swallow'
  /** 0 for `echo`. */
  readonly bytes: number
}

export const COMMAND_SIZE = 16
export const RECEIPT = 64

const KINDS = ['echo', 'send', 'swallow'] as const

export function writeCommand({ kind, bytes }: Command): Buffer {
  const wire = Buffer.alloc(COMMAND_SIZE)
  wire.writeUInt32LE(KINDS.indexOf(kind), 0)
  wire.writeDoubleLE(bytes, 8)
  return wire
}

/** @throws RangeError when these are no command's bytes: the relay under test has changed them */
export function readCommand(wire: Buffer): Command {
  const kind = KINDS[wire.readUInt32LE(0)]
  if (!kind || wire.readUInt32LE(4) !== 0) throw new RangeError(`no command: ${wire.toString('hex')}`)
  return { kind, bytes: wire.readDoubleLE(8) }
}

const BLOCK = 1 << 20

/** What `send` repeats: the same bytes in every process, without a pattern that a misplaced piece could fit. */
export function contentBlock(): Buffer {
  const words = new Uint32Array(BLOCK / 4)
  let state = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer)
}

/** Whether bytes [0, n) are what `send` has at this offset of its stream. */
export function isContentAt(offset: number, n: number, bytes: Uint8Array, block: Buffer): boolean {
  for (let done = 0; done < n; ) {
    const from = (offset + done) % block.length
    const part = Math.min(n - done, block.length - from)
    if (Buffer.compare(block.subarray(from, from + part), bytes.subarray(done, done + part)) !== 0)
      return false
    done += part
  }
  return true
}
