import { type DigestChallenge, digestTime } from '../protocol/tls/digest.ts'
import type { Activity } from './activity.ts'
import type { LearnedAddresses } from './learned-addresses.ts'
import type { User, UserKey, Users } from './users.ts'

/** Candidates of one step: a quarter to half a millisecond. */
export const SEARCH_STEP = 64
/** So many users of one name are likely each; more of them are only tried before all others. */
const FEW = 16

/** What shows that a hello was made with a secret. */
export interface HelloProof {
  /** Unix seconds that the hello carries. */
  readonly helloSeconds: number
}

/** Tries one secret. */
export type Prove<P> = (key: UserKey) => P | undefined

export type Match<P = HelloProof> = P & {
  readonly user: User
  /** The secret of theirs by which they came. */
  readonly key: UserKey
}

export function helloProof(challenge: DigestChallenge): Prove<HelloProof> {
  return ({ secret }) => {
    const helloSeconds = digestTime(challenge, secret)
    return helloSeconds === undefined ? undefined : { helloSeconds }
  }
}

export interface SearchDependencies {
  users: Users
  learned: LearnedAddresses
  activity: Activity
}

/**
 * A hello names nobody: each candidate costs one HMAC over the hello, so they come in the order that makes the first one
 * right: seen from this address, own domain, seen from the network block, active lately, all others.
 */
export class Search<P extends object = HelloProof> {
  readonly #prove: Prove<P>
  readonly #users: Users
  readonly #visitor: { readonly address: string }
  readonly #learned: LearnedAddresses
  readonly #likely: User[]
  /** Users of a name that many share. */
  readonly #namesakes: readonly User[]
  readonly #others: Uint32Array
  readonly #tried = new Set<number>()
  readonly #nowSeconds: number
  #likelyAt = 0
  #namesakesAt = 0
  #othersAt = 0

  constructor(
    prove: Prove<P>,
    visitor: { address: string; serverName: string | undefined },
    { users, learned, activity }: SearchDependencies,
    nowSeconds: number,
  ) {
    this.#prove = prove
    this.#users = users
    this.#nowSeconds = nowSeconds
    this.#visitor = visitor
    this.#learned = learned
    const own = users.withDomain(visitor.serverName)
    this.#likely = [
      ...this.#at(learned.fromAddress(visitor.address)),
      ...(own.length <= FEW ? own : []),
      ...this.#at(learned.fromBlock(visitor.address)),
    ]
    this.#namesakes = own.length <= FEW ? [] : own
    this.#others = activity.order(users.all.length, nowSeconds)
  }

  /** Tries the next candidates. 'more' when some are left, 'nobody' when none matched. */
  step(candidates = SEARCH_STEP): Match<P> | 'more' | 'nobody' {
    for (let left = candidates; left > 0; left--) {
      const user = this.#nextLikely() ?? this.#nextNamesake() ?? this.#nextOther()
      if (!user) return 'nobody'
      const match = this.#try(user)
      if (match) return match
    }
    return 'more'
  }

  /** Tries those alone who were seen from there or whose own name was asked for: a handful, whatever the number of users. */
  likely(): Match<P> | 'nobody' {
    for (let user = this.#nextLikely(); user; user = this.#nextLikely()) {
      const match = this.#try(user)
      if (match) return match
    }
    return 'nobody'
  }

  /** Those who have been seen from there since become the likeliest. */
  askAgain(): void {
    this.#likely.push(...this.#at(this.#learned.fromAddress(this.#visitor.address)))
  }

  #at(places: readonly number[]): User[] {
    return places.flatMap((place) => this.#users.all[place] ?? [])
  }

  #try(user: User): Match<P> | undefined {
    for (const key of user.keys) {
      if (key.until <= this.#nowSeconds) continue
      const proof = this.#prove(key)
      if (proof !== undefined) return { ...proof, user, key }
    }
    return undefined
  }

  #nextLikely(): User | undefined {
    while (this.#likelyAt < this.#likely.length) {
      const user = this.#likely[this.#likelyAt++]!
      if (this.#tried.has(user.index)) continue
      this.#tried.add(user.index)
      return user
    }
    return undefined
  }

  #nextNamesake(): User | undefined {
    while (this.#namesakesAt < this.#namesakes.length) {
      const user = this.#namesakes[this.#namesakesAt++]!
      if (this.#tried.has(user.index)) continue
      this.#tried.add(user.index)
      return user
    }
    return undefined
  }

  #nextOther(): User | undefined {
    while (this.#othersAt < this.#others.length) {
      const index = this.#others[this.#othersAt++]!
      const user = this.#users.all[index]
      if (user && !this.#tried.has(index)) return user
    }
    return undefined
  }
}
