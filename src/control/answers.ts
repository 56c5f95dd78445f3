/** What a running portico answers on its control socket: JSON, read by commands of the same version. */

export interface ReloadReport {
  /** ISO 8601. */
  readonly at: string
  readonly trigger: 'file' | 'signal' | 'command'
  readonly result: 'applied' | 'unchanged' | 'refused'
  /** Keys that differ and are in force now. */
  readonly changed: readonly string[]
  /** Keys that differ and wait for a restart. */
  readonly restart: readonly string[]
  /** Why it was refused, as `portico check` says it. */
  readonly problems: readonly string[]
  readonly milliseconds: number
}

export interface StatusAnswer {
  readonly pid: number
  readonly version: string
  /** ISO 8601. */
  readonly since: string
  readonly file: string
  readonly listeners: readonly string[]
  readonly workers: number
  readonly users: number
  readonly sessions: number
  readonly troubles: readonly string[]
  /** The latest last. */
  readonly reloads: readonly ReloadReport[]
}

export interface LiveUser {
  readonly name: string
  readonly sessions: number
}

export interface UserQuestion {
  readonly name: string
}

export interface UserAnswer {
  /** The latest last; addresses as the log may show them. */
  readonly refused: readonly { readonly at: string; readonly code: string; readonly address: string }[]
}

/** Users whose sessions may go on for a while when they vanish from the configuration. */
export interface LeavingQuestion {
  readonly users: readonly string[]
  readonly milliseconds: number
}
