import type { DialFailure } from '../net/dial.ts'

/** What became of a question of our own. */
export type ProbeResult =
  | 'ok'
  | DialFailure
  /** Connected, and then nothing. */
  | 'no_answer'
  /** It ended the connection in place of an answer. */
  | 'closed'
  | 'wrong_answer'

export interface ProbeOutcome {
  readonly result: ProbeResult
  /** From the question to its answer. */
  readonly milliseconds: number
}

/** How long an answer may take, milliseconds. */
export const ANSWER_LIMIT = 10_000
