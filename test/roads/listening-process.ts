import { connect } from 'node:net'
import { type RunningProcess, startProcess } from '../world/process.ts'
import { waitFor } from '../world/wait-for.ts'

export interface ListeningProcess extends RunningProcess {
  readonly port: number
}

/** Starts a server and waits until it accepts on a TCP port of loopback. */
export async function startListening(
  program: string,
  args: readonly string[],
  port: number,
  host = '127.0.0.1',
): Promise<ListeningProcess> {
  const running = await startProcess(program, args)
  let ended = false
  void running.exited.then(() => {
    ended = true
  })
  await waitFor(
    () => `${program} to listen on ${port}; it says: ${running.output()}`,
    () => {
      if (ended) throw new Error(`${program} ended: ${running.output()}`)
      return accepts(port, host)
    },
  )
  return { ...running, port }
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
