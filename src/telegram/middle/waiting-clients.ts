import type { Deadline, Wheel } from '../../net/wheel.ts'
import type { MiddleLink } from '../../relay/middle-link.ts'
import type { MiddleFailure } from './failure.ts'
import type { LinkOptions } from './shared-link.ts'

export type LinkFailure = MiddleFailure | 'dial' | 'backing_off'

export type LinkResult =
  | { readonly ok: true; readonly link: MiddleLink; readonly milliseconds: number }
  | { readonly ok: false; readonly failure: LinkFailure }

interface Waiting extends Deadline {
  readonly options: LinkOptions
  readonly began: number
  resolve(result: LinkResult): void
}

/** Clients for whom a connection is being made. */
export class WaitingClients {
  readonly #waiting = new Set<Waiting>()
  readonly #wheel: Wheel
  readonly #now: () => number

  constructor(wheel: Wheel, now: () => number) {
    this.#wheel = wheel
    this.#now = now
  }

  /** @param patience after which the result is a failure, milliseconds */
  add(options: LinkOptions, patience: number): Promise<LinkResult> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        dueTick: 0,
        options,
        began: this.#now(),
        resolve,
        expire: () => {
          this.#waiting.delete(waiting)
          resolve({ ok: false, failure: 'timeout' })
        },
      }
      this.#waiting.add(waiting)
      this.#wheel.schedule(waiting, patience)
    })
  }

  /** Everybody gets a link. */
  serve(linkFor: (options: LinkOptions) => MiddleLink): void {
    for (const { options, began, resolve } of this.#takeAll()) {
      resolve({ ok: true, link: linkFor(options), milliseconds: this.#now() - began })
    }
  }

  fail(failure: LinkFailure): void {
    for (const { resolve } of this.#takeAll()) resolve({ ok: false, failure })
  }

  #takeAll(): Waiting[] {
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const one of all) this.#wheel.cancel(one)
    return all
  }
}
