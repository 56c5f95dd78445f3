import type { UserAnswer } from '../control/answers.ts'

const MOST_OF_A_USER = 10
const MOST_USERS = 2000

type Refusal = UserAnswer['refused'][number]

/** Why users with a valid secret were lately not let in. */
export class RefusalBook {
  readonly #of = new Map<string, Refusal[]>()

  add({ user, code, address }: { user: string; code: string; address: string }): void {
    const refusals = this.#of.get(user) ?? []
    refusals.push({ at: new Date().toISOString(), code, address })
    if (refusals.length > MOST_OF_A_USER) refusals.shift()
    // To the end of the line: who was refused long ago makes room.
    this.#of.delete(user)
    this.#of.set(user, refusals)
    const [oldest] = this.#of.keys()
    if (this.#of.size > MOST_USERS && oldest !== undefined) this.#of.delete(oldest)
  }

  of(user: string): readonly Refusal[] {
    return this.#of.get(user) ?? []
  }
}
