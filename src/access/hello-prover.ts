import { HmacLanes, type KeyStates, LANES, sharedMessage } from '../protocol/sha256/hmac-lanes.ts'
import { type DigestChallenge, digestTime, digestTimeInLanes } from '../protocol/tls/digest.ts'
import type { HelloProof, Prover } from './prover.ts'
import type { UserKey } from './users.ts'

/** Tries secrets on hellos. One of each thread: it keeps what it has computed of each secret (64 bytes). */
export class HelloProver {
  readonly #lanes = new HmacLanes()
  readonly #states = new WeakMap<UserKey, KeyStates>()

  of(challenge: DigestChallenge): Prover<HelloProof> {
    let message: ReturnType<typeof sharedMessage> | undefined
    return {
      one: ({ secret }) => {
        const helloSeconds = digestTime(challenge, secret)
        return helloSeconds === undefined ? undefined : { helloSeconds }
      },
      most: LANES,
      some: (keys) => {
        message ??= sharedMessage(challenge.input.message)
        const digests = this.#lanes.digests(
          message,
          keys.map((key) => this.#statesOf(key)),
        )
        const match = digestTimeInLanes(challenge, digests, keys.length)
        return match && { at: match.lane, proof: { helloSeconds: match.seconds } }
      },
    }
  }

  #statesOf(key: UserKey): KeyStates {
    const known = this.#states.get(key)
    if (known) return known
    const states = this.#lanes.keyStates(key.secret)
    this.#states.set(key, states)
    return states
  }
}
