import { runParser } from '@optique/core/facade'
import { formatMessage, message } from '@optique/core/message'
import type { InferValue } from '@optique/core/parser'
import { nearest } from '../config/nearest.ts'
import { commandLine } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { knownWords } from './known-words.ts'
import type { RunDependencies } from './run.ts'
import { type Surroundings, surroundings } from './surroundings.ts'

type Command = InferValue<typeof commandLine>

/** Below that the help cannot be laid out. */
const NARROWEST = 40

/** Parses the words after the program's name. A number is the exit code of a command line that ends here. */
function parse(words: readonly string[], around: Surroundings): Command | number {
  const { stdout, stderr, version } = around
  return runParser(commandLine, 'portico', words.length === 0 ? ['--help'] : [...words], {
    brief: message`A Telegram proxy behind the front of a real web site.`,
    help: { option: { names: ['-h', '--help'] }, onShow: () => EXIT.ok },
    version: { value: version, option: { names: ['-V', '--version'] }, onShow: () => EXIT.ok },
    aboveError: 'none',
    onError: (_code, error) => {
      stderr.write(`${hint(words, formatMessage(error))}portico --help shows every command.\n`)
      return EXIT.usage
    },
    stdout: (text) => stdout.write(`${text}\n`),
    stderr: (text) => stderr.write(`${text}\n`),
    colors: stdout.colour && stderr.colour,
    maxWidth: Math.max(NARROWEST, Math.min(stdout.columns, 110)),
    termWidth: 'auto',
  })
}

/** Optique suggests commands; for an option inside a command the word itself is compared. */
function hint(words: readonly string[], said: string): string {
  if (said.includes('Did you mean')) return ''
  const known = knownWords(commandLine.usage)
  const stems = words.map((word) => word.split('=')[0] ?? word)
  const unknown = stems.find((stem) => said.includes(stem) && !known.has(stem))
  const meant = unknown === undefined ? undefined : nearest(unknown, known)
  return meant === undefined ? '' : `Did you mean ${meant}?\n`
}

/** Commands load what they need and no more: `portico secret` must not pay for the server. */
async function perform(chosen: Command, around: Surroundings): Promise<number> {
  switch (chosen.command) {
    case 'run':
      return (await import('./run.ts')).run(chosen, around, await server())
    case 'check':
      return (await import('./check.ts')).check(chosen, around)
    case 'link':
      return (await import('./link.ts')).link(chosen, around)
    case 'user add':
      return (await import('./user/add.ts')).addUsers(chosen, around)
    case 'user remove':
      return (await import('./user/change.ts')).removeUsers(chosen, around)
    case 'user rotate':
      return (await import('./user/change.ts')).rotateUsers(chosen, around)
    case 'user enable':
      return (await import('./user/change.ts')).enableUsers(true, chosen, around)
    case 'user disable':
      return (await import('./user/change.ts')).enableUsers(false, chosen, around)
    case 'user set':
      return (await import('./user/change.ts')).setUsers(chosen, around)
    case 'user show':
      return (await import('./user/show.ts')).showUser(chosen, around)
    case 'user list':
      return (await import('./user/list.ts')).listUsers(chosen, around)
    case 'reload':
      return (await import('./reload.ts')).reload(chosen, around)
    case 'status':
      return (await import('./status.ts')).status(chosen, around)
    case 'move':
      return (await import('./move.ts')).move(chosen, around)
    case 'backup':
      return (await import('./backup.ts')).backup(chosen, around)
    case 'restore':
      return (await import('./restore.ts')).restore(chosen, around)
    case 'import':
      return (await import('./import/import.ts')).importProxy(chosen, around, server)
    case 'config show':
      return (await import('./config-show.ts')).configShow(chosen, around)
    case 'secret':
      return (await import('./secret.ts')).secret(chosen, around)
    case 'config schema':
      return (await import('./config-schema.ts')).configSchema(around)
  }
}

async function server(): Promise<RunDependencies> {
  return { serve: (await import('../server/supervisor.ts')).serve, signals: process }
}

/** Resolves too when nobody reads any more, as behind `| head`. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}

async function main(): Promise<void> {
  const around = surroundings(process)
  const chosen = parse(process.argv.slice(2), around)
  const code = typeof chosen === 'number' ? chosen : await perform(chosen, around)
  // What a full pipe has not taken yet would be lost.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(code)
}

main().catch((error: unknown) => {
  process.stderr.write(
    `portico: a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exit(EXIT.bug)
})
