/** A part of a new configuration that is ready to come into force: what could fail has been done. */
export interface Change {
  /** Now. Must not fail. */
  commit(): void
  /** Not at all: everything is as before. */
  discard(): void
}

export const NO_CHANGE: Change = { commit: () => {}, discard: () => {} }
