import type { Wheel } from '../net/wheel.ts'
import type { SessionStart } from '../session/house.ts'
import type { FromWorker } from './messages.ts'

/** Of each kind that makes the supervisor do something at most one in this time. */
const EVERY_MILLISECONDS = 500
/** Of what is said to a person, who is told once. */
const RARELY_MILLISECONDS = 60_000

/** In the shorter of the two, from one worker. */
const MOST_REFUSALS = 20

/**
 * What a worker tells the supervisor of its connections, thinned out so that a flood costs nothing: most of it is told between
 * a hello and its answer.
 */
export class Noticed {
  readonly #post: (message: FromWorker) => void
  readonly #wheel: Pick<Wheel, 'now'>
  #hadConnection = false
  #hadSession = false
  #refusals = 0
  #refusalsSince = Number.NEGATIVE_INFINITY
  readonly #last = new Map<FromWorker['type'], number>()

  constructor(post: (message: FromWorker) => void, wheel: Pick<Wheel, 'now'>) {
    this.#post = post
    this.#wheel = wheel
  }

  /** That there was one is news once. */
  connection(): void {
    if (this.#hadConnection) return
    this.#hadConnection = true
    this.#post({ type: 'connection' })
  }

  session({ user, visitor, dc, dialMilliseconds }: SessionStart): void {
    if (this.#hadSession) return
    this.#hadSession = true
    this.#post({
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
    this.#tell({ type: 'loop_suspected', site }, EVERY_MILLISECONDS)
  }

  /** Another answer than this site is known for. */
  otherAnswer(site: number): void {
    this.#tell({ type: 'other_answer', site }, EVERY_MILLISECONDS)
  }

  event(type: 'no_valid_secret' | 'unreachable'): void {
    this.#tell(type === 'unreachable' ? { type, tried: 1 } : { type }, RARELY_MILLISECONDS)
  }

  #tell(message: FromWorker, every: number): void {
    const now = this.#wheel.now
    const last = this.#last.get(message.type)
    if (last !== undefined && now - last < every) return
    this.#last.set(message.type, now)
    this.#post(message)
  }
}
