import type { Conversation, Turn } from '../net/converse.ts'
import type { Endpoint } from '../net/endpoint.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { usualSilence } from './learn.ts'
import { MAX_SAID, type Reaction } from './manners.ts'
import type { Site } from './site.ts'
import { nameToAsk } from './sites.ts'

export interface AfterFlightDependencies {
  readonly converse: (to: Endpoint, turns: readonly Turn[], signal?: AbortSignal) => Promise<Conversation>
  readonly random: (n: number) => Buffer
  readonly signal: AbortSignal
  /** Milliseconds, monotonic. */
  readonly now: () => number
}

/** Says this to a front after its first flight. Undefined where no flight came, or the front ended with it. */
export async function afterFlight(
  site: Site,
  turns: readonly Turn[],
  { converse, random, signal }: AfterFlightDependencies,
): Promise<Conversation | undefined> {
  const hello = writeClientHello({ class: 'tdlib', domain: nameToAsk(site.domain) }, random)
  const seen = await converse(site.endpoint, [{ bytes: hello, quiet: usualSilence(site) }, ...turns], signal)
  return seen.heard.length > 1 && seen.heard[0]![0] === 0x16 ? seen : undefined
}

/** What a conversation behind a flight shows; undefined where it is not whole records. */
export function readReaction({ heard, end }: Conversation): Reaction | undefined {
  const [, toHeader = Buffer.alloc(0), toRest = Buffer.alloc(0)] = heard
  const says = readSaid(Buffer.concat([toHeader, toRest]))
  if (!says || end === 'refused') return undefined
  // Where it ended without a second turn, it was the header that it ended for.
  const atHeader = toHeader.length > 0 || heard.length === 2
  return { atHeader, says, end }
}

/** Undefined for what is not whole records. */
export function readSaid(bytes: Buffer): [number, number | string][] | undefined {
  if (bytes.length > MAX_SAID) return undefined
  const says: [number, number | string][] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) return undefined
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    if (end > bytes.length) return undefined
    const type = bytes[at]!
    says.push([type, type === 0x17 ? end - at - 5 : bytes.toString('hex', at + 5, end)])
    at = end
  }
  return says
}
