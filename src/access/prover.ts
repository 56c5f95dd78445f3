import type { UserKey } from './users.ts'

/** Tries secrets on what somebody has sent. */
export interface Prover<P> {
  one(key: UserKey): P | undefined
  /** So many at a time, where that is cheaper by the secret; the first of them that fits. */
  readonly most?: number
  some?(keys: readonly UserKey[]): { readonly at: number; readonly proof: P } | undefined
}

/** What shows that a hello was made with a secret. */
export interface HelloProof {
  /** Unix seconds that the hello carries. */
  readonly helloSeconds: number
}
