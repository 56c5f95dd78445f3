import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../config/environment.ts'
import { defaultRouteAddress, type InterfaceAddress, interfaceAddresses } from '../net/interfaces.ts'
import { type NameLookups, systemLookups } from '../net/reverse-name.ts'

/** Where text goes, and what it may look like there. */
export interface Output {
  write(text: string): void
  readonly isTerminal: boolean
  /** Width in characters; 80 where nobody knows. */
  readonly columns: number
  readonly colour: boolean
}

/** Everything outside that a command may look at or speak to. */
export interface Surroundings {
  readonly env: Environment
  readonly cwd: string
  /** The root of the checkout or package: where package.json lies. */
  readonly checkout: string
  readonly version: string
  /** Absolute path of the Node that runs this. */
  readonly executable: string
  readonly stdout: Output
  readonly stderr: Output
  readonly lookups: NameLookups
  interfaceAddresses(): InterfaceAddress[]
  defaultRouteAddress(family: 'ipv4' | 'ipv6'): Promise<string | undefined>
}

export function surroundings(process: NodeJS.Process): Surroundings {
  const checkout = findCheckout(dirname(fileURLToPath(import.meta.url)))
  return {
    env: process.env,
    cwd: process.cwd(),
    checkout,
    version: readVersion(checkout),
    executable: process.execPath,
    stdout: output(process.stdout, process.env),
    stderr: output(process.stderr, process.env),
    lookups: systemLookups(),
    interfaceAddresses,
    defaultRouteAddress,
  }
}

function output(stream: NodeJS.WriteStream & { readonly fd: number }, env: Environment): Output {
  const isTerminal = isatty(stream.fd)
  // https://no-color.org
  const colour = isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  // A terminal whose size nobody has set says 0.
  const columns = stream.columns > 0 ? stream.columns : 80
  return { write: (text) => void stream.write(text), isTerminal, columns, colour }
}

/** The stripped program lies deeper or flatter than the source: the nearest package.json above says where the root is. */
function findCheckout(start: string): string {
  for (let dir = start; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json'))) return dir
  }
  return start
}

function readVersion(checkout: string): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
    return isManifest ? String(manifest.version) : 'unknown'
  } catch {
    return 'unknown'
  }
}
