import type { LimitsMemory } from '../access/limits-memory.ts'
import { SessionClaims } from '../access/session-claims.ts'
import type { UserPlaces } from '../access/users.ts'
import type { LiveUser, ReloadReport, StatusAnswer, UserAnswer } from '../control/answers.ts'
import { BadQuestion, type Commands } from '../control/command-server.ts'

export interface RunningCommandsDependencies {
  reload(): Promise<ReloadReport>
  leaving(users: readonly string[], milliseconds: number): void
  status(): StatusAnswer
  places(): UserPlaces
  refusals(user: string): UserAnswer['refused']
  readonly limits: LimitsMemory
}

/** What commands can ask of a running portico. */
export function runningCommands(dependencies: RunningCommandsDependencies): Commands {
  const { reload, leaving, status } = dependencies
  return {
    reload: () => reload(),
    status: () => status(),
    users: () => liveUsers(dependencies),
    user: (question): UserAnswer => {
      const { name } = (question ?? {}) as { name?: unknown }
      if (typeof name !== 'string') throw new BadQuestion('a name is needed')
      return { refused: dependencies.refusals(name) }
    },
    leaving: (question) => {
      const { users, milliseconds } = (question ?? {}) as { users?: unknown; milliseconds?: unknown }
      const areNames = Array.isArray(users) && users.every((name) => typeof name === 'string')
      if (!areNames || typeof milliseconds !== 'number' || !(milliseconds >= 0)) {
        throw new BadQuestion('users and milliseconds are needed')
      }
      leaving(users, milliseconds)
    },
  }
}

function liveUsers({ places, limits }: RunningCommandsDependencies): LiveUser[] {
  const claims = new SessionClaims(limits.sessions, limits.workers)
  return [...places()].flatMap(([name, place]) => {
    const sessions = claims.live(place)
    return sessions > 0 ? [{ name, sessions }] : []
  })
}
