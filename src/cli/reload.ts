import type { ReloadReport } from '../control/answers.ts'
import { EXIT } from './exit-codes.ts'
import { configPath } from './open-config.ts'
import { askPortico } from './running.ts'
import type { Surroundings } from './surroundings.ts'

interface Options {
  readonly json: boolean
  readonly config?: string | undefined
}

/** `portico reload [--json]`: 0 in force, 78 refused with the reasons, 69 nobody runs. */
export async function reload(options: Options, around: Surroundings): Promise<number> {
  const { stdout, stderr } = around
  const path = configPath(options.config, around)
  if (typeof path === 'number') return path
  const asked = await askPortico<ReloadReport>(path, around, 'reload')
  if (asked.state !== 'answered') return sayUnanswered(asked, path, around)
  const { answer } = asked
  if (options.json) stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`)
  else if (answer.result === 'refused') stderr.write(refusedText(answer))
  else stdout.write(reloadText(answer))
  return answer.result === 'refused' ? EXIT.configuration : EXIT.ok
}

/** Nobody answers: says so; returns the exit code. */
export function sayUnanswered(
  asked: { readonly state: 'not_running' } | { readonly state: 'failed'; readonly message: string },
  path: string,
  { stderr }: Pick<Surroundings, 'stderr'>,
): number {
  if (asked.state === 'not_running') {
    stderr.write(`No portico runs with ${path}.\n`)
    return EXIT.unavailable
  }
  stderr.write(`portico does not answer: ${asked.message}\n`)
  return EXIT.tryAgain
}

function reloadText({ result, changed, restart, milliseconds }: ReloadReport): string {
  const waits = restart.length === 0 ? '' : `Only a restart brings in: ${restart.join(', ')}\n`
  if (result === 'unchanged') return `Nothing has changed.\n${waits}`
  return `In force after ${milliseconds} ms: ${changed.join(', ')}\n${waits}`
}

function refusedText({ problems }: ReloadReport): string {
  return ['portico keeps what it had:', ...problems.map((problem) => `  ${problem}`), ''].join('\n')
}
