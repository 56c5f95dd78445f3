import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NODE } from '../node.ts'
import { startProcess } from '../process.ts'
import type { Behaviour } from './connection.ts'
import type { DataCentreCounters } from './fake-data-centre.ts'
import type { Answer, Hello, NumberedOrder, Order } from './remote-control.ts'
import type { PublicRsaKey } from './rsa-key.ts'

/** As `FakeDataCentre`, in a process of its own, so that its work does not delay the event loop of a test. */
export interface DataCentreProcess {
  readonly host: string
  readonly port: number
  readonly rsaKey: PublicRsaKey
  readonly pid: number
  counters(): Promise<DataCentreCounters>
  behave(behaviour: Behaviour): Promise<void>
  stallAll(): Promise<void>
  resumeAll(): Promise<void>
  finishAll(ending: 'fin' | 'reset'): Promise<void>
  injectAll(bytes: Buffer): Promise<void>
  refuse(): Promise<void>
  accept(): Promise<void>
  stop(): Promise<void>
}

export async function startDataCentreProcess(
  options: { readonly host?: string; readonly port?: number } = {},
): Promise<DataCentreProcess> {
  const { host = '127.0.0.1', port = 0 } = options
  const main = join(import.meta.dirname, 'main.ts')
  const running = await startProcess(NODE, [main, host, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const { child } = running
  const lines = createInterface({ input: child.stdout! })
  const waiting = new Map<number, (answer: Answer) => void>()
  const hello = await new Promise<Hello>((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as Hello))
    child.once('exit', (code) => reject(new Error(`the data centre ended with ${code}`)))
  })
  lines.on('line', (line) => {
    const answer = JSON.parse(line) as Answer
    waiting.get(answer.number)?.(answer)
    waiting.delete(answer.number)
  })
  let orders = 0
  const ask = (order: Order) =>
    new Promise<Answer>((resolve) => {
      const numbered: NumberedOrder = { ...order, number: orders++ }
      waiting.set(numbered.number, resolve)
      child.stdin!.write(`${JSON.stringify(numbered)}\n`)
    })
  const tell = async (order: Order) => {
    await ask(order)
  }
  return {
    host: hello.host,
    port: hello.port,
    rsaKey: { pem: hello.pem, fingerprint: hello.fingerprint },
    pid: running.pid,
    counters: async () => (await ask({ do: 'counters' })).counters!,
    behave: (behaviour) => tell({ do: 'behave', behaviour }),
    stallAll: () => tell({ do: 'stallAll' }),
    resumeAll: () => tell({ do: 'resumeAll' }),
    finishAll: (ending) => tell({ do: 'finishAll', ending }),
    injectAll: (bytes) => tell({ do: 'injectAll', hex: bytes.toString('hex') }),
    refuse: () => tell({ do: 'refuse' }),
    accept: () => tell({ do: 'accept' }),
    stop: async () => {
      await running.stop('SIGKILL')
    },
  }
}
