import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/world/free-port.ts'
import { NODE } from '../../test/world/node.ts'
import { usersToml, WILDCARD } from '../load/crowd.ts'
import { type Subject, type Surroundings, startSubject } from './subject.ts'

const SECRET = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const ONE_USER = `[users.bench]\nsecret = "${SECRET}"`

/** The stripped build that production runs, made if it is older than the sources. */
export function build(root: string): void {
  execFileSync(NODE, ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'strip.mjs')], {
    stdio: 'inherit',
  })
}

export interface PorticoOptions {
  readonly name: string
  /** The checkout. */
  readonly root: string
  /** The stripped build in place of the sources. */
  readonly built: boolean
  /** Further options of Node, such as those of a profiler. */
  readonly nodeOptions: readonly string[]
  /** Default 1. */
  readonly workers?: number
  /** So many users of `load/crowd.ts`, in place of one. */
  readonly crowd?: number
}

/** portico before the front. */
export async function startPortico(
  { folder, dataCentrePort, frontPort, domain }: Surroundings,
  { name, root, built, nodeOptions, workers = 1, crowd }: PorticoOptions,
): Promise<Subject> {
  const port = await freePort()
  const home = join(folder, `portico-${port}`)
  mkdirSync(home)
  const file = join(home, 'portico.toml')
  writeFileSync(
    file,
    `listen = "127.0.0.1:${port}"
[front]
domain = "${domain}"
address = "127.0.0.1:${frontPort}"
${crowd === undefined ? ONE_USER : `[[front.site]]\ndomain = "${WILDCARD}"\naddress = "127.0.0.1:${frontPort}"\n${usersToml(crowd)}`}
[telegram]
# The bench's data centre knows nobody's questions but its own.
probe = "off"
[telegram.data_centres]
2 = ["127.0.0.1:${dataCentrePort}"]
[process]
workers = ${workers}
[log]
level = "warn"
`,
    { mode: 0o600 },
  )
  const main = built ? join(root, 'build', 'cli', 'main.js') : join(root, 'src', 'cli', 'main.ts')
  const args = [...nodeOptions, '--disable-sigusr1', main, 'run', file]
  return startSubject(name, NODE, args, { port, secret: SECRET, domain })
}
