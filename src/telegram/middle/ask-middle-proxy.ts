import type { Deadline, Wheel } from '../../net/wheel.ts'
import { isResPq, PQ_NONCE_SIZE, writeReqPq } from '../../protocol/req-pq.ts'
import type { MiddleLink, MiddleReceiver } from '../../relay/middle-link.ts'
import { ANSWER_LIMIT, type ProbeOutcome, type ProbeResult } from '../probe.ts'

export interface AskMiddleDependencies {
  readonly wheel: Wheel
  random(n: number): Buffer
  /** Milliseconds, monotonic and fine. */
  now(): number
  unixMilliseconds(): number
}

/** Asks req_pq by a link of our own, as a client would, and closes the link. */
export function askMiddleProxy(
  link: MiddleLink,
  { wheel, random, now, unixMilliseconds }: AskMiddleDependencies,
): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const nonce = Buffer.from(random(PQ_NONCE_SIZE))
    const began = now()
    let over = false
    const finish = (result: ProbeResult) => {
      if (over) return
      over = true
      wheel.cancel(limit)
      link.close()
      resolve({ result, milliseconds: now() - began })
    }
    const limit: Deadline = { dueTick: 0, expire: () => finish('no_answer') }
    link.receiver = {
      onAnswer: (message) => finish(isResPq(message, nonce) ? 'ok' : 'wrong_answer'),
      onQuickAck() {},
      onAnswersRead() {},
      onLinkDrain() {},
      onLinkEnd: (how) => finish(how === 'lost' ? 'reset' : 'closed'),
    } satisfies MiddleReceiver
    wheel.schedule(limit, ANSWER_LIMIT)
    link.send(writeReqPq(nonce, unixMilliseconds()), { encrypted: false, quickAck: false })
  })
}
