import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './free-port.ts'
import { type Metrics, parseMetrics } from './metrics.ts'
import { NODE, ROOT } from './node.ts'
import { type PorticoSetup, porticoToml } from './portico-toml.ts'
import { startProcess } from './process.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

export interface PorticoOptions {
  /** A description, or the whole file; of `listen` with the port that was chosen. */
  readonly config: PorticoSetup | ((port: number) => string)
  /** Default 2. */
  readonly workers?: number
  /** Runs the stripped build, as production does, in place of the sources. */
  readonly built?: boolean
  readonly env?: Record<string, string>
  /** How many files it may have open; default: as many as the tests. */
  readonly descriptors?: number
  /** Milliseconds until it must be ready; default 60 s. */
  readonly patience?: number
}

export interface LogLine {
  readonly level: string
  readonly event: string
  readonly [field: string]: unknown
}

export interface Portico {
  readonly host: string
  readonly port: number
  readonly metricsPort: number
  readonly pid: number
  /** Holds portico.toml and what portico itself makes. */
  readonly dir: string
  readonly file: string
  /** The NDJSON of standard output so far. */
  readonly log: readonly LogLine[]
  /** What it says to a person, on standard error. */
  said(): string
  /** The `tg://` link that `portico link` prints. */
  link(user: string): string
  metrics(): Promise<Metrics>
  /** `/health/ready` answers 200. */
  ready(): Promise<boolean>
  /** Resident bytes of the whole process. */
  rss(): number
  signal(name: NodeJS.Signals): void
  /** TERM; resolves with the exit code, or the name of the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals>
  kill9(): Promise<number | NodeJS.Signals>
  readonly exited: Promise<number | NodeJS.Signals>
}

const HOST = '127.0.0.1'
const READY_LINE = /^Serving /m
let isBuilt = false

/** Runs the program as a user would, with a folder of its own; resolves when it says that it serves. */
export async function startPortico(options: PorticoOptions): Promise<Portico> {
  const { config, workers = 2, built = false, patience = 60_000 } = options
  const [port, metricsPort] = [await freePort(HOST), await freePort(HOST)]
  const dir = temporaryFolder('run')
  const file = join(dir, 'portico.toml')
  writeFileSync(file, typeof config === 'function' ? config(port) : porticoToml(config, port), {
    mode: 0o600,
  })
  const env = {
    ...ownEnvironment(),
    PORTICO_PROCESS_WORKERS: String(workers),
    PORTICO_METRICS_LISTEN: `${HOST}:${metricsPort}`,
    ...options.env,
  }
  const main = built ? buildOnce() : join(ROOT, 'src', 'cli', 'main.ts')
  const program = ['--disable-sigusr1', main]

  const command = [...limited(options.descriptors), NODE, ...program, 'run', file]
  const running = await startProcess(command[0]!, command.slice(1), { cwd: dir, env })
  const { child, exited } = running
  const log: LogLine[] = []
  let said = ''
  let ended: number | NodeJS.Signals | undefined
  createInterface({ input: child.stdout! }).on('line', (line) => {
    log.push(readLine(line))
  })
  child.stderr!.on('data', (text: Buffer) => {
    said += text.toString()
  })
  void exited.then((how) => {
    ended = how
  })

  const get = async (path: string) => fetch(`http://${HOST}:${metricsPort}${path}`)
  const portico: Portico = {
    host: HOST,
    port,
    metricsPort,
    pid: running.pid,
    dir,
    file,
    log,
    exited,
    said: () => said,
    link: (user) => {
      const args = [...program, 'link', user, '--json', '--config', file]
      const links = JSON.parse(execFileSync(NODE, args, { env, encoding: 'utf8' })) as { tg: string }[]
      return links[0]!.tg
    },
    metrics: async () => parseMetrics(await (await get('/metrics')).text()),
    ready: async () => (await get('/health/ready')).status === 200,
    rss: () => residentBytes(running.pid),
    signal: (name) => {
      child.kill(name)
    },
    stop: () => running.stop('SIGTERM'),
    kill9: () => running.stop('SIGKILL'),
  }
  const complaint = () => `portico to serve; it says: ${running.output()}`
  await waitFor(
    complaint,
    () => {
      if (ended !== undefined) throw new Error(`portico ended with ${ended}: ${running.output()}`)
      return READY_LINE.test(said)
    },
    patience,
  )
  return portico
}

/** What goes before a command that is to run under this limit. */
function limited(descriptors: number | undefined): string[] {
  return descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`]
}

/** The tests' own environment must not configure the portico under test. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PORTICO_')))
}

function readLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { level: 'unreadable', event: line }
  }
}

/** @returns the program of the stripped build, brought up to date first. */
function buildOnce(): string {
  const strip = join(ROOT, 'scripts', 'strip.mjs')
  if (!isBuilt) execFileSync(NODE, ['--disable-warning=ExperimentalWarning', strip], { stdio: 'pipe' })
  isBuilt = true
  return join(ROOT, 'build', 'cli', 'main.js')
}

function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}
