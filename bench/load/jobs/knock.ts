import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeOf, member, ownName, SHARED_NAME, secretOf, strangeAddress } from '../crowd.ts'
import type { Target } from '../session.ts'
import { enter, type UserTarget } from './enter.ts'

/** Clients of many users that want in, each with one session that gets one answer. */
export interface Knocks {
  readonly users: number
  /** Of how many of them the clients are. */
  readonly active: number
  readonly clients: number
  /** Clients a second, whatever becomes of those before them. */
  readonly rate: number
  /** Share of the clients that come from an address never seen; the others come from where they are at home. */
  readonly strange: number
  /** The name that all use, or each user's own. */
  readonly name: 'shared' | 'own'
  /** The first client is this one of those who come. */
  readonly first: number
}

/** How clients got in. Milliseconds. */
export interface Entrance {
  readonly clients: number
  readonly atOnce: number
  /** With a further try, a second after the last. */
  readonly later: number
  readonly never: number
  /** From connect until the answer of a try that got in. */
  readonly answerP50: number
  readonly answerP90: number
  /** From the first connect until in, of those who came later. */
  readonly waitP50: number
  readonly waitMost: number
}

/** After a site's answer a client tries again; TDLib and the others begin with a second. */
export const RETRY_MILLISECONDS = 1000
export const MOST_TRIES = 40
const ANSWER = 64

const question = randomBytes(ANSWER)

export async function knock(
  target: Target,
  { users, active, clients, rate, strange, name, first }: Knocks,
): Promise<{ failed: number; failure?: string; entrance: Entrance }> {
  const answers: number[] = []
  const waits: number[] = []
  const tally = { atOnce: 0, later: 0, never: 0, failed: 0 }
  let failure: string | undefined
  const one = async (n: number) => {
    const user = member((first + n) % active, users)
    // Spread evenly, and always in the same way.
    const isStrange = Math.floor((n + 1) * strange) > Math.floor(n * strange)
    const from = isStrange ? strangeAddress(Math.random) : homeOf(user)
    const domain = name === 'own' ? ownName(user) : SHARED_NAME
    const began = performance.now()
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const answered = await tryOnce({ ...target, from, domain, secret: secretOf(user) })
      if (answered !== undefined) {
        answers.push(answered)
        if (tries === 1) tally.atOnce++
        else {
          tally.later++
          waits.push(performance.now() - began)
        }
        return
      }
      await sleep(RETRY_MILLISECONDS)
    }
    tally.never++
  }
  const all: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < clients; n++) {
    const due = began + (n / rate) * 1000 - performance.now()
    if (due > 0) await sleep(due)
    all.push(
      one(n).catch((error: unknown) => {
        tally.failed++
        failure ??= String(error)
      }),
    )
  }
  await Promise.all(all)
  const { failed, ...counts } = tally
  const entrance = {
    clients,
    ...counts,
    answerP50: at(answers, 0.5),
    answerP90: at(answers, 0.9),
    waitP50: at(waits, 0.5),
    waitMost: at(waits, 1),
  }
  return failure === undefined ? { failed, entrance } : { failed, failure, entrance }
}

/** Milliseconds until the answer; undefined: the client was shown the site. */
function tryOnce(target: UserTarget): Promise<number | undefined> {
  return enter(target, { kind: 'echo', bytes: 0 }, async (session) => {
    await session.ask(question)
    session.reset()
    return session.flightAfter
  })
}

export function at(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
