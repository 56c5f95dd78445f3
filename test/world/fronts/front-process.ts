import { connect } from 'node:net'
import { freePort } from '../free-port.ts'
import { type RunningProcess, startProcess } from '../process.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { waitFor } from '../wait-for.ts'
import { type Chain, makeChain } from './chain.ts'
import type { ServerFront } from './front.ts'
import { siteFolder } from './site-folder.ts'

const HOST = '127.0.0.1'

/** What a server needs to know to be set up. */
export interface Ground {
  readonly dir: string
  readonly site: string
  readonly chain: Chain
  readonly host: string
  readonly port: number
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Runs a web server in a folder and on a port of its own. `prepare` writes what it needs and names the command. */
export async function startFrontProcess(
  name: string,
  domain: string,
  prepare: (ground: Ground) => Command,
  ofTwin?: Chain,
): Promise<ServerFront> {
  const dir = temporaryFolder(`front-${name}`)
  const port = await freePort(HOST)
  const chain = ofTwin ?? makeChain(dir, domain)
  const command = prepare({ dir, chain, port, host: HOST, site: siteFolder() })
  let running = await launch(command, port)
  return {
    name,
    domain,
    chain,
    endpoint: { kind: 'tcp', host: HOST, port },
    stop: async () => {
      await running.stop()
    },
    restart: async () => {
      await running.stop()
      running = await launch(command, port)
    },
    twin: () => startFrontProcess(name, domain, prepare, chain),
  }
}

async function launch({ program, args, env, cwd }: Command, port: number): Promise<RunningProcess> {
  const running = await startProcess(program, args, {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
  let ended = false
  void running.exited.then(() => {
    ended = true
  })
  const complaint = () => `${program} to listen on ${port}; it says: ${running.output()}`
  await waitFor(complaint, async () => {
    if (ended) throw new Error(`${program} ended: ${running.output()}`)
    return accepts(port)
  })
  return running
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
