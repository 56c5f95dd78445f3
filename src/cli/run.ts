import { dirname } from 'node:path'
import { type Loaded, loadConfig } from '../config/load.ts'
import { type ConfigProblem, formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { usualAddress } from '../front/usual-address.ts'
import { tryListen } from '../net/try-listen.ts'
import type { Running, serve as Serve } from '../server/supervisor.ts'
import { LogFileError, type OpenLog, openLog } from '../telemetry/log.ts'
import { EXIT } from './exit-codes.ts'
import { ownFirewall, watchFirstConnection } from './first-connection.ts'
import { FirstFileError } from './first-file.ts'
import { type FirstStart, firstStart, type RunOptions } from './first-start.ts'
import { portHolder } from './port-holder.ts'
import { type PortProbes, portTrouble } from './port-trouble.ts'
import { qrText } from './qr.ts'
import { lookedUpRootWarnings, rootTrouble, rootWarnings } from './root-folder.ts'
import { ownAddresses, serverAddress } from './server-address.ts'
import { servingText, trialText } from './start-text.ts'
import type { Output, Surroundings } from './surroundings.ts'
import { tellOfSites } from './tell-of-sites.ts'
import { linkTarget, userLink } from './user-link.ts'
import { whichFile } from './which-file.ts'

export interface RunDependencies {
  readonly serve: typeof Serve
  readonly signals: Pick<NodeJS.Process, 'on' | 'off'>
  readonly probes?: PortProbes
}

/** `portico run [FILE] [--domain NAME] [--listen ADDRESS] [--front ADDRESS]`; resolves when serving has ended. */
export async function run(
  options: RunOptions,
  around: Surroundings,
  { serve, signals, probes = { tryListen, portHolder } }: RunDependencies,
): Promise<number> {
  // Standard output carries the log wherever it is not a terminal, and a log holds no other lines.
  const human = around.stdout.isTerminal ? around.stdout : around.stderr
  const { path, exists } = whichFile(options.file, around)
  try {
    const first = exists ? undefined : await firstStart(path, options, around, probes)
    human.write(
      first === undefined ? `Configuration: ${path}\n` : `Wrote ${path} (new secret, user "default")\n`,
    )
    const load = () => withRootWarnings(loadConfig(path, { ...around.env, ...overrides(options) }))
    const loaded = load()
    if (!loaded.ok) return refuse(loaded.problems, path, human)
    const { config, warnings } = loaded
    const log = openLog(config.log)
    sayWarnings(warnings, config, { around, human, log })
    return await untilStopped(config, { around, human, log, first, load, serve, signals, probes })
  } catch (error) {
    if (!(error instanceof FirstFileError || error instanceof LogFileError)) throw error
    human.write(`${error.message}\n`)
    return error instanceof FirstFileError ? error.exitCode : EXIT.unavailable
  }
}

const VARIABLES = {
  domain: 'PORTICO_FRONT_DOMAIN',
  listen: 'PORTICO_LISTEN',
  front: 'PORTICO_FRONT_ADDRESS',
} as const

/** Options of the command line go where the environment goes, and over it. */
function overrides(options: RunOptions): Record<string, string> {
  const { domain, listen, front } = options
  const given = { domain, listen, front }
  const names = ['domain', 'listen', 'front'] as const
  return Object.fromEntries(
    names.flatMap((name) => (given[name] === undefined ? [] : [[VARIABLES[name], given[name]]])),
  )
}

function refuse(problems: readonly ConfigProblem[], path: string, human: Output): number {
  for (const problem of problems) human.write(`${formatProblem(problem, dirname(path))}\n`)
  return EXIT.configuration
}

interface Stage extends Required<RunDependencies> {
  readonly around: Surroundings
  readonly human: Output
  readonly log: OpenLog
  readonly first: FirstStart | undefined
  /** Reads the configuration again. */
  load(): Loaded
}

async function untilStopped(config: Config, stage: Stage): Promise<number> {
  const { log, human, serve, around, load } = stage
  const signalled = heedSignals(stage.signals, log)
  try {
    const source = { file: config.file, load }
    const running = await serve(config, { log, version: around.version, source })
    signalled.tell(running)
    await tell(config, running, stage)
    return await running.stopped
  } catch (error) {
    const exitCode = exitCodeOf(error)
    if (exitCode === undefined) throw error
    const isPort = exitCode === EXIT.unavailable || exitCode === EXIT.permission
    const trouble = isPort ? await portTrouble(config, stage.probes, around.executable) : undefined
    human.write(`${trouble?.text ?? (error as Error).message}\n`)
    return trouble?.exitCode ?? exitCode
  } finally {
    signalled.forget()
    log.flush()
  }
}

/** ServeError by its shape: the class would bring the whole server with it. */
function exitCodeOf(error: unknown): number | undefined {
  const coded = error instanceof Error && 'exitCode' in error
  return coded && typeof error.exitCode === 'number' ? error.exitCode : undefined
}

/** What `check` says of it too, at the start and at each reload. */
function withRootWarnings(loaded: Loaded): Loaded {
  if (!loaded.ok) return loaded
  const { config, warnings } = loaded
  return { ...loaded, warnings: [...warnings, ...rootWarnings(config, rootTrouble(config))] }
}

/** TERM and INT stop; HUP reads the configuration and opens log files again; USR1 must not start Node's inspector. */
function heedSignals(signals: Stage['signals'], log: OpenLog) {
  let running: Running | undefined
  const stop = () => {
    if (!running) process.exit(EXIT.ok)
    running.stop()
  }
  const handlers = {
    SIGTERM: stop,
    SIGINT: stop,
    SIGHUP: () => {
      log.reopen()
      void running?.reload('signal')
    },
    SIGUSR1: () => {},
  }
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const
  for (const name of names) signals.on(name, handlers[name])
  return {
    tell(whom: Running) {
      running = whom
    },
    forget() {
      for (const name of names) signals.off(name, handlers[name])
    },
  }
}

/** Everything the operator is told once every listener is bound. */
async function tell(config: Config, running: Running, stage: Stage): Promise<void> {
  const { around, human, first, log } = stage
  const { address } = await serverAddress(
    around,
    config.public_addresses.filter((each) => each !== 'auto'),
  )
  const say = (line: string | undefined): void => {
    if (line !== undefined) human.write(`${line}\n`)
  }
  say(first?.portNote)
  say(servingText(running.addresses, config, around.interfaceAddresses(), address))
  if (first === undefined) say('Links: portico link')
  else await tellLink(config, first, stage, say)
  tellOfSites(running, { human, log, logIsRead: logIsRead(config, around), answer: config.front.answer })
  const builtIn = await builtInDomains(config, around)
  say(trialText(builtIn, config))
  sayWarnings(lookedUpRootWarnings(config, builtIn), config, stage)
  if (!human.isTerminal) return
  say('Waiting for the first connection …')
  const { port } = await linkTarget(config, around)
  const after = (milliseconds: number, call: () => void) => {
    const timer = setTimeout(call, milliseconds).unref()
    return () => clearTimeout(timer)
  }
  watchFirstConnection({ port, on: (listener) => running.on(listener) }, { print: say, after, ownFirewall })
}

/** The link and its picture; the journal is spared the secret. */
async function tellLink(
  config: Config,
  first: FirstStart,
  stage: Stage,
  say: (line: string | undefined) => void,
) {
  const { around, human } = stage
  const [user = ''] = Object.keys(config.users)
  const made = userLink(config, user, await linkTarget(config, around))
  if (made === undefined) return
  if (made.domain !== undefined) say(`Name in the link: ${made.domain} (${first.domainNote})`)
  say(first.addressNote)
  const inJournal = !human.isTerminal && around.env.JOURNAL_STREAM !== undefined
  if (inJournal) return say('Links: portico link')
  say(made.tg)
  say(qrText(made.tg, human))
}

function sayWarnings(
  warnings: readonly string[],
  config: Config,
  { around, human, log }: Pick<Stage, 'around' | 'human' | 'log'>,
): void {
  for (const warning of warnings) {
    if (human.isTerminal && !logIsRead(config, around)) human.write(`warning: ${warning}\n`)
    log.warn(warning)
  }
}

/** By the person at the terminal. */
function logIsRead({ log }: Config, { stdout }: Surroundings): boolean {
  return stdout.isTerminal && log.file === undefined
}

/** The sites that are portico's own. */
async function builtInDomains(
  { front, public_addresses: given }: Config,
  around: Surroundings,
): Promise<string[]> {
  const own = ownAddresses(around, given)
  const sites = await Promise.all(
    [front, ...front.site].map(async ({ domain, address }) => {
      const where = address ?? (await usualAddress(domain, own, around.lookups))
      return where === 'built-in' ? [domain] : []
    }),
  )
  return sites.flat()
}
