import type { StoreHealth } from '../state/resilient-store.ts'
import type { StoreError, UsageStore } from '../state/store.ts'

/** What the thread of the store is started with. */
export interface StoreThreadStart {
  /** The state folder. */
  readonly dir: string
  readonly replays: SharedArrayBuffer
  readonly inits: SharedArrayBuffer
  /** One word: 1 while the thread may be waiting for its disk. */
  readonly atWork: SharedArrayBuffer
}

/** How many were put back. */
export interface RestoredReplays {
  readonly hellos: number
  readonly inits: number
}

/** What can be asked of the thread: the store's own methods, and what was let in in earlier runs. */
export interface StoreService extends UsageStore {
  /** Puts the hellos and inits of earlier runs back into the shared memories. */
  restoreReplays(): Promise<RestoredReplays>
}

export type StoreMethod = keyof StoreService

export interface ToStore {
  readonly id: number
  readonly method: StoreMethod
  readonly args: readonly unknown[]
}

export interface FromStore {
  readonly type: 'answer'
  readonly id: number
  readonly outcome:
    | { readonly ok: true; readonly value: unknown }
    | ({ readonly ok: false } & Pick<StoreError, 'code' | 'message' | 'fields'>)
  readonly health: StoreHealth
}
