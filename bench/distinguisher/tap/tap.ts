import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Flow } from './flow.ts'
import type { TapOrder } from './tap-thread.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** One port before one server. */
export interface Tap extends Address {
  /** The flow of the client with that port, once both its ends are closed; each can be had once. */
  flow(clientPort: number): Promise<Flow>
}

interface Told {
  readonly tap: number
  readonly port?: number
  readonly flow?: Flow
}

/** Longer than any session of a run lasts. */
const PATIENCE = 20_000

class OpenTap implements Tap {
  readonly host = '127.0.0.1'
  port = 0
  readonly #came = new Map<number, Flow>()
  readonly #wanted = new Map<number, (flow: Flow) => void>()

  take(flow: Flow): void {
    const wanted = this.#wanted.get(flow.clientPort)
    this.#wanted.delete(flow.clientPort)
    if (wanted) wanted(flow)
    else this.#came.set(flow.clientPort, flow)
  }

  flow(clientPort: number): Promise<Flow> {
    const came = this.#came.get(clientPort)
    this.#came.delete(clientPort)
    if (came) return Promise.resolve(came)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the connection from port ${clientPort} was never closed`)),
        PATIENCE,
      )
      this.#wanted.set(clientPort, (flow) => {
        clearTimeout(timer)
        resolve(flow)
      })
    })
  }
}

/** All taps of a run share one thread. */
export class Taps {
  readonly #thread = new Worker(new URL('./tap-thread.ts', import.meta.url))
  readonly #taps: OpenTap[] = []

  constructor() {
    this.#thread.on('message', ({ tap, flow }: Told) => {
      if (flow) this.#taps[tap]?.take(flow)
    })
  }

  async before({ host, port }: Address): Promise<Tap> {
    const open = new OpenTap()
    const tap = this.#taps.push(open) - 1
    const order: TapOrder = { tap, host, port }
    this.#thread.postMessage(order)
    for (;;) {
      const [told] = (await once(this.#thread, 'message')) as [Told]
      if (told.tap !== tap || told.port === undefined) continue
      open.port = told.port
      return open
    }
  }

  async stop(): Promise<void> {
    await this.#thread.terminate()
  }
}
