import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReloadReport, StatusAnswer } from '../../src/control/answers.ts'
import { askRunning } from '../../src/control/command-client.ts'
import type { Portico } from '../world/portico.ts'
import { waitFor } from '../world/wait-for.ts'

/** As most editors and all of portico's own commands write: another file takes the name. */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.next`, text, { mode: 0o600 })
  renameSync(`${file}.next`, file)
}

export async function ask<T>({ dir }: Portico, command: string, question?: unknown): Promise<T> {
  const asked = await askRunning<T>(join(dir, 'state', 'control.sock'), command, question)
  if (asked.state !== 'answered') throw new Error(`portico does not answer: ${JSON.stringify(asked)}`)
  return asked.answer
}

export function status(portico: Portico): Promise<StatusAnswer> {
  return ask<StatusAnswer>(portico, 'status')
}

/** Changes something outside, and waits for the report of the reload that this brings about by itself. */
export async function reloadAfter(portico: Portico, change: () => void): Promise<ReloadReport> {
  const before = (await status(portico)).reloads.at(-1)?.at
  change()
  return waitFor('a reload', async () => {
    const last = (await status(portico)).reloads.at(-1)
    return last !== undefined && last.at !== before ? last : undefined
  })
}
