import type { Endpoint } from '../net/endpoint.ts'
import type { Exchange, ExchangeOptions } from '../net/exchange.ts'
import { writeClientHello } from '../protocol/tls/hello-writer.ts'
import { MAX_FLIGHT } from '../protocol/tls/server-flight.ts'
import type { Site } from './site.ts'
import { nameToAsk } from './sites.ts'

/** What goes round comes back in milliseconds, over however many hops. */
const TIMEOUT_MILLISECONDS = 2000
/** The first bytes decide; a little more lets the front see an end and no reset. */
const QUIET_MILLISECONDS = 20
/**
 * Whoever sees our hello on its way to a distant front can send it here while the check runs. Once is therefore no proof;
 * and as long as the front answers, however often is none.
 */
const ROUNDS = 2

export interface WhereItLeadsDependencies {
  readonly exchange: (to: Endpoint, bytes: Uint8Array, options: ExchangeOptions) => Promise<Exchange>
  readonly random: (n: number) => Buffer
  /** A listener of ours that meets a hello with this client random keeps it, until `end` asks whether one has. */
  readonly mark: (clientRandom: Buffer) => { end(): boolean }
}

/** `silent`: nobody has answered, which may be for any reason. */
export type Lead = 'answers' | 'back' | 'silent'

/** Whether the address of a site leads to it, or back to ourselves. Never rejects. */
export async function whereItLeads(
  site: Site,
  { exchange, random, mark }: WhereItLeadsDependencies,
): Promise<Lead> {
  for (let round = 0; round < ROUNDS; round++) {
    const clientRandom = random(32)
    const hello = writeClientHello({ class: 'tdlib', domain: nameToAsk(site.domain), clientRandom }, random)
    const marked = mark(clientRandom)
    const { received } = await exchange(site.endpoint, hello, {
      quiet: QUIET_MILLISECONDS,
      timeout: TIMEOUT_MILLISECONDS,
      limit: MAX_FLIGHT,
    })
    const cameBack = marked.end()
    // Portico never answers its own hello.
    if (received.length > 0) return 'answers'
    if (!cameBack) return 'silent'
  }
  return 'back'
}
