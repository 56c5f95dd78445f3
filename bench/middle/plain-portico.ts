import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { NODE, ROOT } from '../../test/world/node.ts'
import { type Subject, type Surroundings, startSubject } from '../subjects/subject.ts'

export interface PlainPorticoOptions {
  /** The stripped build in place of the sources. */
  readonly built: boolean
  /** Further tables, TOML. */
  readonly tables: string
  /** Milliseconds in which it must listen. */
  readonly wait?: number
}

/** portico with one worker and a listener for clients without FakeTLS, whose own work is small. */
export async function startPlainPortico(
  { folder, frontPort, domain }: Pick<Surroundings, 'folder' | 'frontPort' | 'domain'>,
  { built, tables, wait = 60_000 }: PlainPorticoOptions,
): Promise<Subject & { readonly metricsPort: number }> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const home = join(folder, `plain-${port}`)
  mkdirSync(home)
  const file = join(home, 'portico.toml')
  const text = `[[listener]]
address = "127.0.0.1:${port}"
modes = ["tls", "classic"]
[front]
domain = "${domain}"
address = "127.0.0.1:${frontPort}"
[process]
workers = 1
[metrics]
listen = "127.0.0.1:${metricsPort}"
[log]
level = "warn"
${tables}`
  writeFileSync(file, text, { mode: 0o600 })
  const main = built ? join(ROOT, 'build', 'cli', 'main.js') : join(ROOT, 'src', 'cli', 'main.ts')
  const target = { port, secret: undefined, domain }
  const subject = await startSubject('portico', NODE, ['--disable-sigusr1', main, 'run', file], target, wait)
  return { ...subject, metricsPort }
}
