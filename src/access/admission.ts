import { type AddressClaim, AddressCounts } from './address-counts.ts'
import { AddressWindow } from './address-window.ts'
import { FirstSeen, type LimitsMemory } from './limits-memory.ts'
import { QuotaWords } from './quota-words.ts'
import { RatePace } from './rate-gate.ts'
import { SessionClaims } from './session-claims.ts'
import { SessionMeter, UserAccount, WaitingGates } from './session-meter.ts'
import type { User, UserKey, Users } from './users.ts'

/** The rule by which a user who proved a secret is not let in now. */
export type Refusal =
  | 'maintenance'
  | 'disabled'
  | 'expired'
  | 'from'
  | 'quota'
  | 'sessions'
  | 'per_address'
  | 'user_sessions'
  | 'addresses'

/** Why a live session must end. */
export type Eviction = 'expired' | 'quota' | 'revoked'

/** Seconds between two signs of life of a session in its user's address window; windows are no shorter in effect. */
const TOUCH_SECONDS = 1

export interface AdmissionSettings {
  readonly users: Users
  readonly maintenance: boolean
  /** Most sessions of the server. */
  readonly sessions: number
  /** Most sessions of one address; undefined: any. */
  readonly perAddress: number | undefined
}

export interface AdmissionDependencies {
  unixSeconds(): number
  /** Microseconds of a monotonic clock that all workers share. */
  micros(): number
  /** What is worth counting beside refusals. */
  noticed(event: 'quota_exceeded' | 'addresses_exceeded', user: User): void
}

/**
 * Who is let in, over all workers, and who must leave. What is claimed here is given back by `release`, or by the
 * supervisor when this worker dies.
 */
export class Admission {
  readonly worker: number
  readonly claims: SessionClaims
  readonly perAddress: AddressCounts
  readonly addresses: AddressWindow
  readonly firstSeen: FirstSeen
  readonly dependencies: AdmissionDependencies
  readonly #quota: QuotaWords
  readonly #pace: RatePace
  readonly #gates = new WaitingGates()
  readonly #accounts = new Map<number, UserAccount>()
  #settings: AdmissionSettings
  #generation = 0

  /** @param place worker from 1; `seed` as for every table of addresses */
  constructor(
    memory: LimitsMemory,
    place: { worker: number; seed: string },
    settings: AdmissionSettings,
    dependencies: AdmissionDependencies,
  ) {
    const { workers } = memory
    const { worker, seed } = place
    this.worker = worker
    this.dependencies = dependencies
    this.claims = new SessionClaims(memory.sessions, workers)
    this.perAddress = new AddressCounts(memory.perAddress, { workers, worker }, seed)
    this.addresses = new AddressWindow(memory.addresses, seed)
    this.firstSeen = new FirstSeen(memory)
    this.#quota = new QuotaWords(memory.quota)
    this.#pace = new RatePace(memory.pace, { workers, worker })
    this.#settings = settings
  }

  get settings(): AdmissionSettings {
    return this.#settings
  }

  /** Grows when the settings change: what was admitted before must be looked at again. */
  get generation(): number {
    return this.#generation
  }

  /** New settings; live sessions that they forbid end at their next `due`. */
  apply(settings: AdmissionSettings): void {
    this.#settings = settings
    this.#generation++
    for (const [user, account] of this.#accounts) account.settle(settings.users.all[user]?.limits)
  }

  /** Sessions of the whole server. */
  get sessions(): number {
    return this.claims.live(this.claims.everybody)
  }

  admit({ user, key }: { user: User; key: UserKey }, address: string): Admitted | Refusal {
    const now = this.dependencies.unixSeconds()
    const refused = this.#refusal(user, key, address, now)
    if (refused) return refused
    const admitted = new Admitted(this, user, key, address)
    const full = admitted.claim(now)
    if (full === undefined) return admitted
    admitted.release()
    return full
  }

  /** Once a tick: who waited long enough goes on. */
  readonly tick = this.#gates.tick

  endsAt(user: User, key: UserKey): number {
    const { expires = Number.POSITIVE_INFINITY, lifetimeSeconds } = user.limits ?? {}
    const first = this.firstSeen.of(user.index)
    const lived =
      lifetimeSeconds === undefined || first === 0 ? Number.POSITIVE_INFINITY : first + lifetimeSeconds
    return Math.min(expires, lived, key.until, user.leavesAt ?? Number.POSITIVE_INFINITY)
  }

  /** Undefined where nothing has to be measured. */
  meter(user: User): SessionMeter | undefined {
    const { rate, quota } = user.limits ?? {}
    return rate === undefined && quota === undefined ? undefined : new SessionMeter(this.#account(user))
  }

  #refusal(user: User, key: UserKey, address: string, now: number): Refusal | undefined {
    if (this.#settings.maintenance) return 'maintenance'
    if (!user.enabled || user.leavesAt !== undefined) return 'disabled'
    if (this.endsAt(user, key) <= now) return 'expired'
    if (user.limits?.from?.has(address) === false) return 'from'
    if (user.limits?.quota && this.#account(user).isOver) return 'quota'
    return undefined
  }

  #account(user: User): UserAccount {
    const known = this.#accounts.get(user.index)
    if (known) return known
    const { micros } = this.dependencies
    const account = new UserAccount(user.index, {
      quota: this.#quota,
      pace: this.#pace,
      clock: { micros },
      waiting: this.#gates.add,
      exceeded: (place) => {
        const now = this.#settings.users.all[place]
        if (now) this.dependencies.noticed('quota_exceeded', now)
      },
    })
    account.settle(user.limits)
    this.#accounts.set(user.index, account)
    return account
  }
}

/** One session's claims on what its user, its address and the server may have. */
export class Admitted {
  meter: SessionMeter | undefined
  readonly #admission: Admission
  readonly #address: string
  #user: User
  #key: UserKey
  #generation: number
  #endsAt: number
  /** What is held, to be given back once. */
  #held: { server: boolean; user: boolean; address: AddressClaim } | undefined
  #slot: { at: number; tag: number; touched: number } | undefined

  constructor(admission: Admission, user: User, key: UserKey, address: string) {
    this.#admission = admission
    this.#user = user
    this.#key = key
    this.#address = address
    this.#generation = admission.generation
    this.#endsAt = admission.endsAt(user, key)
    this.meter = admission.meter(user)
  }

  get user(): User {
    return this.#user
  }

  /** Takes its places; what was taken before a refusal is held until `release`. */
  claim(now: number): Refusal | undefined {
    const { claims, perAddress, settings, worker } = this.#admission
    const held = { server: false, user: false, address: -1 }
    this.#held = held
    held.server = claims.claim(worker, claims.everybody, settings.sessions)
    if (!held.server) return 'sessions'
    if (settings.perAddress !== undefined) {
      held.address = perAddress.claim(this.#address, settings.perAddress)
      if (AddressCounts.refused(held.address)) return 'per_address'
    }
    const { sessions = Number.POSITIVE_INFINITY } = this.#user.limits ?? {}
    held.user = claims.claim(worker, this.#user.index, sessions)
    if (!held.user) return 'user_sessions'
    return this.#enterWindow(now)
  }

  #enterWindow(now: number): Refusal | undefined {
    const limit = this.#user.limits?.addresses
    if (limit === undefined) return undefined
    const { addresses, dependencies } = this.#admission
    const verdict = addresses.enter(this.#user.index, this.#address, limit, now)
    if (verdict.state === 'counted') {
      this.#slot = { at: verdict.slot, tag: addresses.tagAt(verdict.slot), touched: now }
    }
    if (verdict.state !== 'too_many') return undefined
    dependencies.noticed('addresses_exceeded', this.#user)
    return limit.reportOnly ? undefined : 'addresses'
  }

  /** The session begins: for a lifetime that is the first use. */
  begin(): void {
    const { firstSeen, dependencies } = this.#admission
    firstSeen.mark(this.#user.index, dependencies.unixSeconds())
    this.#endsAt = this.#admission.endsAt(this.#user, this.#key)
  }

  /** Why the session must end now; undefined: it may go on. Cheap: asked of every session several times a second. */
  due(nowSeconds: number): Eviction | undefined {
    if (this.#generation !== this.#admission.generation) {
      const forbidden = this.#renew()
      if (forbidden) return forbidden
    }
    if (nowSeconds >= this.#endsAt) return 'expired'
    if (this.meter !== undefined) {
      if (this.meter.account.isOver) return 'quota'
      this.meter.account.look()
    }
    if (this.#slot !== undefined && nowSeconds - this.#slot.touched >= TOUCH_SECONDS) {
      this.#slot.touched = nowSeconds
      this.#admission.addresses.touch(this.#slot.at, this.#slot.tag, nowSeconds)
    }
    return undefined
  }

  /** Looks at the session as the present settings would: the secret by which it came must still be one. */
  #renew(): Eviction | undefined {
    this.#generation = this.#admission.generation
    const user = this.#admission.settings.users.named(this.#user.name)
    const key = user?.keys.find(({ secret }) => secret.equals(this.#key.secret))
    if (!user || !key || !user.enabled || user.index !== this.#user.index) return 'revoked'
    if (user.limits?.from?.has(this.#address) === false) return 'revoked'
    this.#user = user
    this.#key = key
    this.#endsAt = this.#admission.endsAt(user, key)
    this.meter ??= this.#admission.meter(user)
    this.#renewSlot()
    return undefined
  }

  /** Where the user's limit has grown the slots have moved, and the session's network must go on counting. */
  #renewSlot(): void {
    if (this.#slot === undefined) return
    const { addresses, dependencies } = this.#admission
    const limit = this.#user.limits?.addresses
    if (limit !== undefined && addresses.holds(this.#user.index, this.#slot.at)) return
    this.#slot = undefined
    if (limit === undefined) return
    const now = dependencies.unixSeconds()
    const verdict = addresses.enter(this.#user.index, this.#address, limit, now)
    if (verdict.state !== 'counted') return
    this.#slot = { at: verdict.slot, tag: addresses.tagAt(verdict.slot), touched: now }
  }

  /** Gives everything back; once is enough, twice does no harm. */
  release(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    const { claims, perAddress, worker } = this.#admission
    this.meter?.leave()
    if (held.user) claims.release(worker, this.#user.index)
    perAddress.release(held.address)
    if (held.server) claims.release(worker, claims.everybody)
  }
}
