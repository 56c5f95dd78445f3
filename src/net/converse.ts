import type { Duplex } from 'node:stream'
import type { Endpoint } from './endpoint.ts'
import { type OpenStream, straightStream } from './open-stream.ts'

/** What is said at once, and for how many milliseconds of silence it is listened then. */
export interface Turn {
  readonly bytes: Uint8Array
  /** FIN behind the bytes. */
  readonly fin?: boolean
  readonly quiet: number
}

export interface Conversation {
  /** What came after each turn; shorter than the turns where the far side ended before. */
  readonly heard: readonly Buffer[]
  /** `open`: it had not ended when the last silence was over. `refused`: no connection came about. */
  readonly end: 'fin' | 'reset' | 'open' | 'refused'
  /** From the connect to the end, milliseconds. */
  readonly milliseconds: number
}

/** Bytes of the far side that are kept of one turn. */
const MAX_HEARD = 64 * 1024

/** Several turns on one fresh connection. For probes off the hot path; never rejects. */
export async function converse(
  to: Endpoint,
  turns: readonly Turn[],
  signal: AbortSignal = new AbortController().signal,
  open: OpenStream = straightStream(),
): Promise<Conversation> {
  try {
    return await talk(await open(to, signal), turns, signal)
  } catch {
    return { heard: [], end: signal.aborted ? 'open' : 'refused', milliseconds: 0 }
  }
}

function talk(stream: Duplex, turns: readonly Turn[], signal: AbortSignal): Promise<Conversation> {
  const { promise, resolve } = Promise.withResolvers<Conversation>()
  const heard: Buffer[] = []
  const began = performance.now()
  let silence: NodeJS.Timeout | undefined

  const finish = (end: Conversation['end']) => {
    clearTimeout(silence)
    signal.removeEventListener('abort', abandon)
    stream.destroy()
    resolve({ heard, end, milliseconds: performance.now() - began })
  }
  const abandon = () => finish('open')
  signal.addEventListener('abort', abandon)
  const say = () => {
    const turn = turns[heard.length]
    if (turn === undefined) return finish('open')
    heard.push(Buffer.alloc(0))
    if (turn.bytes.length > 0) stream.write(turn.bytes)
    if (turn.fin) stream.end()
    silence = setTimeout(say, turn.quiet)
  }
  stream.on('data', (chunk: Buffer) => {
    const at = heard.length - 1
    const quiet = turns[at]?.quiet ?? 0
    heard[at] = Buffer.concat([heard[at] ?? Buffer.alloc(0), chunk]).subarray(0, MAX_HEARD)
    clearTimeout(silence)
    silence = setTimeout(say, quiet)
  })
  stream.once('end', () => finish('fin'))
  stream.on('error', () => finish('reset'))
  say()
  return promise
}
