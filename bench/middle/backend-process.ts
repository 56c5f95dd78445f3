import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { NODE } from '../../test/world/node.ts'

const START_LIMIT = 20_000

export interface Backend {
  /** The `[telegram]` of a portico that goes there, TOML. */
  readonly tables: string
  stop(): void
}

/** The process of `backend.ts`. */
export async function startBackend(folder: string): Promise<Backend> {
  const [dataCentre, middle] = [await freePort(), await freePort()]
  const secret = randomBytes(128)
  const file = join(folder, 'middle-secret')
  writeFileSync(file, secret)
  const args = [String(dataCentre), String(middle), secret.toString('hex')]
  const child: ChildProcess = fork(join(import.meta.dirname, 'backend.ts'), args, {
    execPath: NODE,
    execArgv: [],
  })
  process.on('exit', () => child.kill('SIGKILL'))
  await once(child, 'message', { signal: AbortSignal.timeout(START_LIMIT) })
  return {
    tables: `[telegram]
fallback = "never"
data_centres = { 2 = ["127.0.0.1:${dataCentre}"] }
[telegram.middle]
secret_file = "${file}"
config_url = "http://127.0.0.1:1/"
addresses = { 2 = ["127.0.0.1:${middle}"] }
`,
    stop: () => child.kill('SIGKILL'),
  }
}
