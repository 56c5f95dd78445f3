import type { Wheel } from '../net/wheel.ts'
import type { SessionStart } from '../session/house.ts'
import type { FromWorker } from './messages.ts'

/** Of each kind at most one in this time: they tell a person what happens, they count nothing. */
const EVERY_MILLISECONDS = 500

/** In that time, from one worker. */
const MOST_REFUSALS = 20

/** What a worker tells the supervisor of its connections, thinned out so that a flood costs nothing. */
export class Noticed {
  readonly #post: (message: FromWorker) => void
  readonly #wheel: Wheel
  #refusals = 0
  #refusalsSince = Number.NEGATIVE_INFINITY
  readonly #last = new Map<FromWorker['type'], number>()

  constructor(post: (message: FromWorker) => void, wheel: Wheel) {
    this.#post = post
    this.#wheel = wheel
  }

  connection(): void {
    this.#tell({ type: 'connection' })
  }

  session({ user, visitor, dc, dialMilliseconds }: SessionStart): void {
    this.#tell({
      type: 'session',
      user: user.name,
      address: visitor.shownAddress,
      dc,
      milliseconds: dialMilliseconds,
    })
  }

  /** Only who holds a secret is refused, so that strangers cannot make many of these. */
  refusal(user: string, code: string, address: string): void {
    const now = this.#wheel.now
    if (now - this.#refusalsSince >= EVERY_MILLISECONDS) {
      this.#refusalsSince = now
      this.#refusals = 0
    }
    if (++this.#refusals <= MOST_REFUSALS) this.#post({ type: 'refused', user, code, address })
  }

  suspicion(site: number): void {
    this.#tell({ type: 'loop_suspected', site })
  }

  /** Another answer than this site is known for. */
  otherAnswer(site: number): void {
    this.#tell({ type: 'other_answer', site })
  }

  event(type: 'no_valid_secret' | 'unreachable'): void {
    this.#tell(type === 'unreachable' ? { type, tried: 1 } : { type })
  }

  #tell(message: FromWorker): void {
    const now = this.#wheel.now
    const last = this.#last.get(message.type)
    if (last !== undefined && now - last < EVERY_MILLISECONDS) return
    this.#last.set(message.type, now)
    this.#post(message)
  }
}
