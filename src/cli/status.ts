import type { ReloadReport, StatusAnswer } from '../control/answers.ts'
import { agoText } from './columns.ts'
import { EXIT } from './exit-codes.ts'
import { configPath } from './open-config.ts'
import { sayUnanswered } from './reload.ts'
import { askPortico } from './running.ts'
import type { Surroundings } from './surroundings.ts'

const SHOWN_RELOADS = 5

/** `portico status [--json]`: 0 it serves, 69 nobody runs. */
export async function status(
  options: { readonly json: boolean; readonly config?: string | undefined },
  around: Surroundings,
): Promise<number> {
  const path = configPath(options.config, around)
  if (typeof path === 'number') return path
  const asked = await askPortico<StatusAnswer>(path, around, 'status')
  if (asked.state !== 'answered') return sayUnanswered(asked, path, around)
  const { answer } = asked
  around.stdout.write(options.json ? `${JSON.stringify(answer, undefined, 2)}\n` : text(answer))
  return EXIT.ok
}

function text(answer: StatusAnswer): string {
  const now = Date.now()
  const lines = [
    `portico ${answer.version}, pid ${answer.pid}, ${answer.workers} ${answer.workers === 1 ? 'worker' : 'workers'}, started ${agoText(answer.since, now)}`,
    `configuration ${answer.file}`,
    `listening on  ${answer.listeners.join(', ')}`,
    `users         ${answer.users}`,
    `sessions      ${answer.sessions}`,
    ...answer.troubles.map((trouble) => `trouble       ${trouble}`),
    ...answer.reloads.slice(-SHOWN_RELOADS).flatMap((report) => reloadLines(report, now)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function reloadLines(
  { at, trigger, result, changed, restart, problems }: ReloadReport,
  now: number,
): string[] {
  const what = result === 'applied' ? `: ${changed.join(', ')}` : ''
  const waits = restart.length === 0 ? '' : `; only a restart brings in ${restart.join(', ')}`
  const head = `reload        ${agoText(at, now)} (${trigger}): ${result}${what}${waits}`
  return [head, ...problems.map((problem) => `                ${problem}`)]
}
