import type { Activity } from './activity.ts'
import type { LearnedAddresses } from './learned-addresses.ts'
import type { HelloProof, Prover } from './prover.ts'
import type { User, UserKey, Users } from './users.ts'

/** Candidates of one step: a quarter to half a millisecond. */
export const SEARCH_STEP = 64
/** Below this number of users it costs more to make ready for several at a time than it saves. */
const WORTH_LANES = 8
/** Below this one everybody is likely. */
const WORTH_ORDERING = 5
/** So many users of one name are likely each; more of them are only tried before all others. */
const FEW = 16

export type Match<P = HelloProof> = P & {
  readonly user: User
  /** The secret of theirs by which they came. */
  readonly key: UserKey
}

export interface SearchDependencies {
  users: Users
  learned: LearnedAddresses
  activity: Activity
}

interface Candidate {
  readonly user: User
  readonly key: UserKey
}

/**
 * A hello names nobody: each candidate costs one HMAC over the hello, so they come in the order that makes the first one
 * right: seen from this address, own domain, seen from the network block, active lately, all others.
 */
export class Search<P extends object = HelloProof> {
  readonly #prover: Prover<P>
  /** Secrets tried at a time. */
  readonly #batch: number
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
    prover: Prover<P>,
    visitor: { address: string; serverName: string | undefined },
    { users, learned, activity }: SearchDependencies,
    nowSeconds: number,
  ) {
    this.#prover = prover
    this.#batch = users.all.length < WORTH_LANES ? 1 : (prover.most ?? 1)
    this.#users = users
    this.#nowSeconds = nowSeconds
    this.#visitor = visitor
    this.#learned = learned
    const own = users.withDomain(visitor.serverName)
    this.#likely =
      users.all.length < WORTH_ORDERING
        ? this.#at([...users.all.keys()])
        : [
            ...this.#at(learned.fromAddress(visitor.address)),
            ...(own.length <= FEW ? own : []),
            ...this.#at(learned.fromBlock(visitor.address)),
          ]
    this.#namesakes = own.length <= FEW ? [] : own
    this.#others = activity.order(users.all.length, nowSeconds)
  }

  /** How many there are to try at most, of those alone who share the name that was asked for, while some of them are left. */
  get left(): number {
    const namesakes = this.#namesakes.length - this.#namesakesAt
    return namesakes > 0 ? namesakes : this.#others.length - this.#othersAt
  }

  /** Tries the next candidates. 'more' when some are left, 'nobody' when none matched. */
  step(candidates = SEARCH_STEP): Match<P> | 'more' | 'nobody' {
    let batch: Candidate[] = []
    for (let left = candidates; left > 0; left--) {
      const user = this.#nextLikely() ?? this.#nextNamesake() ?? this.#nextOther()
      if (!user) return this.#tryAll(batch) ?? 'nobody'
      batch.push(...this.#candidates(user))
      if (batch.length < this.#batch) continue
      const match = this.#tryAll(batch)
      if (match) return match
      batch = []
    }
    return this.#tryAll(batch) ?? 'more'
  }

  /** Tries those alone who were seen from there or whose own name was asked for: a handful, whatever the number of users. */
  likely(): Match<P> | 'nobody' {
    for (let user = this.#nextLikely(); user; user = this.#nextLikely()) {
      const match = this.#tryEach(this.#candidates(user))
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

  #candidates(user: User): Candidate[] {
    return user.keys.filter(({ until }) => until > this.#nowSeconds).map((key) => ({ user, key }))
  }

  #tryAll(candidates: readonly Candidate[]): Match<P> | undefined {
    const { some } = this.#prover
    if (!some || this.#batch === 1) return this.#tryEach(candidates)
    for (let from = 0; from < candidates.length; from += this.#batch) {
      const batch = candidates.slice(from, from + this.#batch)
      const found = some(batch.map(({ key }) => key))
      if (found) return { ...found.proof, ...batch[found.at]! }
    }
    return undefined
  }

  #tryEach(candidates: readonly Candidate[]): Match<P> | undefined {
    for (const candidate of candidates) {
      const proof = this.#prover.one(candidate.key)
      if (proof !== undefined) return { ...proof, ...candidate }
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
