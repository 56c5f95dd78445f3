import { AddressCounts } from './address-counts.ts'
import { AddressWindow } from './address-window.ts'
import { QuotaWords } from './quota-words.ts'
import { RatePace } from './rate-gate.ts'
import { SessionClaims } from './session-claims.ts'

/** Shared memory of everything that limits users and addresses. */
export interface LimitsMemory {
  readonly workers: number
  readonly sessions: SharedArrayBuffer
  readonly quota: SharedArrayBuffer
  readonly pace: { readonly paid: SharedArrayBuffer; readonly waiting: SharedArrayBuffer }
  /** One word a user: the Unix second of the first use, 0 for none. */
  readonly firstSeen: SharedArrayBuffer
  readonly addresses: { readonly slots: SharedArrayBuffer; readonly starts: Uint32Array }
  /** Established sessions by address. */
  readonly perAddress: SharedArrayBuffer
}

export interface LimitsMemoryOptions {
  readonly workers: number
  /** `addresses.max` of each user by place, 0 for none. */
  readonly addressesMax: readonly number[]
  /** Addresses with sessions that can be told apart at a time. */
  readonly addressSlots: number
  /** Slots for limits of networks that grow later. */
  readonly spareNetworks?: number
}

export function allocateLimits(options: LimitsMemoryOptions): LimitsMemory {
  const { workers, addressesMax, addressSlots, spareNetworks = 0 } = options
  const users = Math.max(1, addressesMax.length)
  const pace = RatePace.bytes(users, workers)
  const window = AddressWindow.layout(addressesMax, spareNetworks)
  return {
    workers,
    sessions: new SharedArrayBuffer(SessionClaims.bytes(users, workers)),
    quota: new SharedArrayBuffer(QuotaWords.bytes(users)),
    pace: { paid: new SharedArrayBuffer(pace.paid), waiting: new SharedArrayBuffer(pace.waiting) },
    firstSeen: new SharedArrayBuffer(users * 4),
    addresses: { slots: new SharedArrayBuffer(window.bytes), starts: window.starts },
    perAddress: new SharedArrayBuffer(AddressCounts.bytes(addressSlots, workers)),
  }
}

/** A worker is dead: everything that it held is free again. Returns what must be looked at again a second later. */
export function forgetWorker(memory: LimitsMemory, worker: number): { mend(): void } {
  const { workers } = memory
  const claims = new SessionClaims(memory.sessions, workers)
  claims.forget(worker)
  new RatePace(memory.pace, { workers, worker }).forget(worker)
  new AddressCounts(memory.perAddress, { workers, worker }, '').forget(worker)
  const drifts = claims.drifts()
  return { mend: () => claims.mend(drifts) }
}

/** When each user came first: one word each, which survives the process through the usage of the users. */
export class FirstSeen {
  readonly #words: Uint32Array

  constructor(memory: Pick<LimitsMemory, 'firstSeen'>) {
    this.#words = new Uint32Array(memory.firstSeen)
  }

  /** Unix seconds; 0: never. */
  of(user: number): number {
    return Atomics.load(this.#words, user)
  }

  /** The user is here: the first time counts. */
  mark(user: number, nowSeconds: number): void {
    if (Atomics.load(this.#words, user) === 0) Atomics.compareExchange(this.#words, user, 0, nowSeconds)
  }

  /** What an earlier run knows. */
  restore(user: number, seconds: number): void {
    if (seconds > 0) Atomics.store(this.#words, user, seconds)
  }
}
