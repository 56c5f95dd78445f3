/** From whom. */
export type Side = 'client' | 'server'

/** The header of a TLS record as it passed: when its last byte did, in milliseconds since the accept. */
export interface RecordSeen {
  readonly from: Side
  readonly at: number
  readonly type: number
  readonly version: number
  /** Of the payload, as the header says. */
  readonly length: number
}

/** What one read brought. */
export interface ReadSeen {
  readonly from: Side
  readonly at: number
  readonly bytes: number
}

/** A connection as an observer between both ends has it. */
export interface Flow {
  /** By which the sessions of this process know their own. */
  readonly clientPort: number
  readonly reads: readonly ReadSeen[]
  readonly records: readonly RecordSeen[]
  /** The first bytes of each direction, at most `KEPT_BYTES`. */
  readonly client: Uint8Array
  readonly server: Uint8Array
  readonly clientBytes: number
  readonly serverBytes: number
  /** Who ended it first, and how. */
  readonly end: `${Side} ${'fin' | 'reset'}`
  /** Milliseconds from the accept to that. */
  readonly endAt: number
}

export const KEPT_BYTES = 1 << 15
/** Reads and records of one flow that are kept; those behind are only counted in the bytes. */
export const KEPT_EVENTS = 4000
