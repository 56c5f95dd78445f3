import type { User } from './users.ts'

export type Refusal = 'disabled' | 'sessions'

/** Why a user who proved the secret is not let in now; undefined: welcome. */
export function refusal(user: User, sessions: { open: number; limit: number }): Refusal | undefined {
  if (!user.enabled) return 'disabled'
  if (sessions.open >= sessions.limit) return 'sessions'
  return undefined
}
