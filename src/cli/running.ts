import { controlSocketIn, stateDirOf } from '../config/state-place.ts'
import type { ReloadReport } from '../control/answers.ts'
import { type Asked, askRunning } from '../control/command-client.ts'
import type { Surroundings } from './surroundings.ts'

/** What a change of the file means to the portico that serves it. */
export type Effect =
  | { readonly running: false }
  | { readonly running: true; readonly reload: ReloadReport }
  | { readonly running: true; readonly trouble: string }

/** Asks the portico that serves the configuration at `path`. */
export function askPortico<T>(
  path: string,
  { env }: Pick<Surroundings, 'env'>,
  command: string,
  question?: unknown,
): Promise<Asked<T>> {
  return askRunning<T>(controlSocketIn(stateDirOf(path, env)), command, question)
}

/** Lets a running portico read the file again, so that the command ends when the change is in force. */
export async function tellRunning(path: string, around: Pick<Surroundings, 'env'>): Promise<Effect> {
  const asked = await askPortico<ReloadReport>(path, around, 'reload')
  if (asked.state === 'not_running') return { running: false }
  if (asked.state === 'failed') return { running: true, trouble: asked.message }
  return { running: true, reload: asked.answer }
}

/** For a person, lines with their ends. */
export function effectText(effect: Effect): string {
  if (!effect.running) return 'portico is not running: it takes effect at the next start.\n'
  if ('trouble' in effect) return `It is written, but portico could not be told: ${effect.trouble}\n`
  const { reload } = effect
  if (reload.result !== 'refused') return 'In force.\n'
  const reasons = reload.problems.map((problem) => `  ${problem}\n`).join('')
  return `It is written, but portico keeps what it had:\n${reasons}`
}
