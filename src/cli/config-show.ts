import { readSaid } from '../config/load.ts'
import { readText } from '../config/read-text.ts'
import { shownKeys } from '../config/show.ts'
import { EXIT } from './exit-codes.ts'
import { openConfig } from './open-config.ts'
import type { Surroundings } from './surroundings.ts'

export interface ConfigShowOptions {
  /** Where each value comes from. */
  readonly origin: boolean
  readonly json: boolean
  readonly config?: string | undefined
}

/** `portico config show [--origin] [--json]`: every value in force; of secrets only how they begin. */
export function configShow(options: ConfigShowOptions, around: Surroundings): number {
  const { stdout, stderr, env } = around
  const config = openConfig(options.config, around)
  if (typeof config === 'number') return config
  const text = readText(config.file)
  if (typeof text !== 'string') return EXIT.configuration
  const keys = shownKeys(readSaid(text, config.file, env))
  if (options.json) {
    stdout.write(
      `${JSON.stringify(options.origin ? keys : keys.map(({ key, value }) => ({ key, value })), undefined, 2)}\n`,
    )
    return EXIT.ok
  }
  stderr.write(`${config.file}\n`)
  const lines = keys.map(({ key, value }) => `${key} = ${JSON.stringify(value)}`)
  const width = Math.min(60, Math.max(...lines.map((line) => line.length)))
  for (const [index, line] of lines.entries()) {
    stdout.write(options.origin ? `${line.padEnd(width)}  # ${keys[index]!.origin}\n` : `${line}\n`)
  }
  return EXIT.ok
}
