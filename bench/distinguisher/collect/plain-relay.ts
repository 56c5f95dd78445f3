import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NODE } from '../../../test/world/node.ts'
import type { Address } from '../tap/tap.ts'

export interface PlainRelay extends Address {
  stop(): void
}

/** A relay that only carries bytes: what a hop costs in this runtime whatever it does. */
export async function startPlainRelay({ host, port }: Address): Promise<PlainRelay> {
  const program = join(import.meta.dirname, 'plain-relay-process.ts')
  const child = fork(program, [host, String(port)], { execPath: NODE, execArgv: [] })
  const [own] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as [number]
  return { host: '127.0.0.1', port: own, stop: () => child.kill('SIGKILL') }
}
