import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeOf, SHARED_NAME, secretOf } from '../crowd.ts'
import { type LoadSession, type Target, wireOf } from '../session.ts'
import { enter } from './enter.ts'
import { many } from './job.ts'
import { MOST_TRIES, RETRY_MILLISECONDS } from './knock.ts'

export interface Busyness {
  /** Of `load/crowd.ts`. */
  readonly users: number
  /** Each of another user, at home. */
  readonly sessions: number
}

/** What has become of them. */
export interface Busy {
  readonly sessions: number
  /** Those that nothing has ended. */
  readonly alive: number
  /** Why the first of the others ended. */
  readonly lost?: string
  /** Messages of clients that came back whole. */
  readonly messages: number
  /** Payload that clients have received. */
  readonly bytes: number
  readonly seconds: number
  /** Milliseconds that one of them has been without a byte, at most. */
  readonly quiet: number
}

/** Of so many sessions one downloads, as Telegram's media connections do; the others talk. */
const DOWNLOAD_EVERY = 100
const SIZES = [88, 136, 216, 376, 520]
/** Milliseconds between an answer and the next message. */
const PAUSE = { least: 200, most: 600 }
/** A download reads so much, then nothing for a while: about a megabyte a second. */
const PORTION = 256 * 1024
const PORTION_PAUSE = 250
/** Its end is never reached. */
const ENDLESS = 2 ** 50
const AT_ONCE = 16

/** Sessions that move bytes all the time, until they are ended. */
export class BusySessions {
  readonly #all: BusySession[] = []
  #began = 0

  /** Resolves when each has had its first bytes. */
  async begin(target: Target, { users, sessions }: Busyness): Promise<{ failed: number; failure?: string }> {
    const outcome = await many(sessions, AT_ONCE, async (at) => {
      const user = Math.floor((at * users) / sessions)
      this.#all.push(await enterAtLast(target, user, at % DOWNLOAD_EVERY === 0))
    })
    this.#began = performance.now()
    for (const each of this.#all) each.countFromNow()
    return outcome
  }

  end(): Busy {
    const now = performance.now()
    const sum = (of: (one: BusySession) => number) => this.#all.reduce((total, one) => total + of(one), 0)
    const lost = this.#all.find(({ failure }) => failure !== undefined)?.failure
    const busy = {
      sessions: this.#all.length,
      alive: this.#all.filter(({ failure }) => failure === undefined).length,
      ...(lost !== undefined && { lost }),
      messages: sum(({ messages }) => messages),
      bytes: sum(({ bytes }) => bytes),
      seconds: (now - this.#began) / 1000,
      quiet: Math.max(0, ...this.#all.map((one) => one.quietest(now))),
    }
    for (const each of this.#all.splice(0)) each.stop()
    return busy
  }
}

/** A client that was shown the site comes again, as Telegram's do. @throws when it is never let in */
async function enterAtLast({ port }: Target, user: number, downloads: boolean): Promise<BusySession> {
  const target = { port, secret: secretOf(user), domain: SHARED_NAME, from: homeOf(user) }
  const command = downloads
    ? ({ kind: 'send', bytes: ENDLESS } as const)
    : ({ kind: 'echo', bytes: 0 } as const)
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const busy = await enter(target, command, async (session) => {
      const begun = new BusySession(session, target, downloads)
      await begun.first
      return begun
    })
    if (busy) return busy
    await sleep(RETRY_MILLISECONDS)
  }
  throw new Error(`user ${user} was shown the site ${MOST_TRIES} times`)
}

class BusySession {
  messages = 0
  bytes = 0
  failure: string | undefined
  /** Resolves with the first payload. */
  readonly first: Promise<void>
  readonly #session: LoadSession
  #movedAt = performance.now()
  #quiet = 0
  #timer: NodeJS.Timeout | undefined

  constructor(session: LoadSession, target: Target, downloads: boolean) {
    this.#session = session
    this.first = new Promise((resolve, reject) => {
      const act = downloads ? this.#downloading() : this.#talking(target)
      session.onPayload = (n) => {
        const now = performance.now()
        this.#quiet = Math.max(this.#quiet, now - this.#movedAt)
        this.#movedAt = now
        this.bytes += n
        act(n)
        resolve()
      }
      session.onFailure = (error) => {
        this.failure ??= error.message
        this.stop()
        reject(error)
      }
    })
  }

  /** What came before all were in does not count. */
  countFromNow(): void {
    this.messages = 0
    this.bytes = 0
    this.#quiet = 0
    this.#movedAt = performance.now()
  }

  quietest(now: number): number {
    return Math.max(this.#quiet, now - this.#movedAt)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#session.reset()
  }

  #talking(target: Target): (n: number) => void {
    let awaited = 0
    const ask = () => {
      awaited = SIZES[Math.floor(Math.random() * SIZES.length)]!
      this.#session.socket.write(wireOf(randomBytes(awaited), target))
    }
    ask()
    return (n) => {
      awaited -= n
      if (awaited < 0) this.#session.onFailure(new Error('an answer longer than its request'))
      if (awaited !== 0) return
      this.messages++
      this.#timer = setTimeout(ask, PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least))
    }
  }

  #downloading(): (n: number) => void {
    const { socket } = this.#session
    let portion = 0
    return (n) => {
      portion += n
      if (portion < PORTION) return
      portion = 0
      socket.pause()
      this.#timer = setTimeout(() => socket.resume(), PORTION_PAUSE)
    }
  }
}
