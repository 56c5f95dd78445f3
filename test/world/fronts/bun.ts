import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isExecutable } from './find-program.ts'
import { type FrontOptions, MissingProgram, type ServerFront } from './front.ts'
import { startFrontProcess } from './front-process.ts'

const require = createRequire(import.meta.url)
const BUILDS = process.arch === 'arm64' ? ['aarch64'] : ['x64', 'x64-baseline']

/** Bun: BoringSSL, so one encrypted record and X25519MLKEM768, the shape that FakeTLS has by nature. */
export async function startBun({ domain, timers = {} }: FrontOptions): Promise<ServerFront> {
  const program = findBun()
  const script = join(import.meta.dirname, 'bun-site.ts')
  const idleTimeout = timers.keepAlive ?? timers.header
  return startFrontProcess('bun', domain, ({ chain, host, port, site }) => ({
    program,
    args: [
      'run',
      script,
      JSON.stringify({ host, port, site, key: chain.key, cert: chain.fullChain, idleTimeout }),
    ],
  }))
}

/** The binary itself: the `bun` command of npm is a script that would download it. */
function findBun(): string {
  for (const build of BUILDS) {
    try {
      const fromBun = createRequire(require.resolve('bun/package.json'))
      const folder = dirname(fromBun.resolve(`@oven/bun-linux-${build}/package.json`))
      const program = join(folder, 'bin', 'bun')
      if (isExecutable(program)) return program
    } catch {
      // the package of another machine
    }
  }
  throw new MissingProgram('bun', 'the npm package bun')
}
