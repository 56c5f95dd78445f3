/** Where messages of clients have their auth_key_id: none of the key exchange makes this one. */
const MARK = Buffer.from('MIDDLECM', 'latin1')
const TEXT_AT = MARK.length + 4
const SHORTEST = 56

/** What a scripted client asks of the fake middle proxy itself, in place of a data centre. */
export type MiddleCommand =
  /** The command comes back. */
  | { readonly kind: 'echo'; readonly text: string }
  /** So many answers of so many bytes, the number of each in its first four. */
  | { readonly kind: 'pour'; readonly answers: number; readonly bytes: number }
  /** RPC_CLOSE_EXT. */
  | { readonly kind: 'close' }

export function writeCommand(command: MiddleCommand): Buffer {
  const text = Buffer.from(JSON.stringify(command))
  const length = Math.max(SHORTEST, Math.ceil((TEXT_AT + text.length) / 4) * 4)
  const message = Buffer.alloc(length)
  MARK.copy(message)
  // Behind the text there may be padding of the transport.
  message.writeUInt32LE(text.length, MARK.length)
  text.copy(message, TEXT_AT)
  return message
}

export function readCommand(message: Buffer): MiddleCommand | undefined {
  if (!message.subarray(0, MARK.length).equals(MARK)) return undefined
  const end = TEXT_AT + message.readUInt32LE(MARK.length)
  return JSON.parse(message.toString('utf8', TEXT_AT, end)) as MiddleCommand
}
