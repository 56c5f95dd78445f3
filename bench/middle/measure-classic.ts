import { randomBytes } from 'node:crypto'
import { metricSum, parseMetrics } from '../../test/world/metrics.ts'
import { cpuTime } from '../measure/usage.ts'
import type { Surroundings } from '../subjects/subject.ts'
import { startBackend } from './backend-process.ts'
import { FramedClient } from './framed-client.ts'
import { startPlainPortico } from './plain-portico.ts'

const USERS = 10_000
const RETURNING = 300
const STRANGERS = 60
const AT_ONCE = 8

/** Sessions without FakeTLS among ten thousand users, from the connect to the first answer. */
export interface ClassicResult {
  readonly who: string
  readonly p50: number
  readonly p90: number
  /** CPU of the whole process for each, milliseconds. */
  readonly cpu: number
  /** Lateness of the worker's event loop at 99 %, in the last interval of the metric, milliseconds. */
  readonly loopDelay: number
}

export async function measureClassic(
  surroundings: Pick<Surroundings, 'folder' | 'frontPort' | 'domain'>,
  { built }: { built: boolean },
): Promise<ClassicResult[]> {
  const backend = await startBackend(surroundings.folder)
  const secrets = Array.from({ length: USERS }, () => randomBytes(16))
  const users = secrets.map((secret, i) => `[users.u${i}]\nsecret = "${secret.toString('hex')}"\n`).join('')
  const portico = await startPlainPortico(surroundings, { built, tables: `${backend.tables}\n${users}` })
  const loopDelay = async () => {
    const text = await (await fetch(`http://127.0.0.1:${portico.metricsPort}/metrics`)).text()
    const labels = { worker: '1', quantile: '0.99' }
    return metricSum(parseMetrics(text), 'portico_event_loop_delay_seconds', labels) * 1000
  }
  const session = async (secret: Buffer, from: string): Promise<number> => {
    const began = performance.now()
    const client = await FramedClient.open(portico.target.port, secret, from)
    await client.ask({ kind: 'echo', text: '' }, { times: 1, answer: 56 })
    client.close()
    return performance.now() - began
  }
  const measure = async (who: string, count: number, atOnce: number, one: (i: number) => Promise<number>) => {
    const before = cpuTime(portico.pid).total
    const times: number[] = []
    let next = 0
    const lane = async () => {
      while (next < count) times.push(await one(next++))
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    const cpu = ((cpuTime(portico.pid).total - before) * 1000) / count
    times.sort((a, b) => a - b)
    const at = (part: number) => times[Math.floor(times.length * part)]!
    return { who, p50: at(0.5), p90: at(0.9), cpu, loopDelay: await loopDelay() }
  }
  // Users from the end of the list, so that no order of it helps; addresses of networks of their own.
  const somebody = (i: number) => secrets[USERS - 1 - ((i * 37) % USERS)]!
  const elsewhere = (set: number, i: number) => `127.${set}.${i + 1}.1`
  await measure('', 20, 1, () => session(somebody(0), '127.0.0.1'))
  const results = [
    await measure('from an address that is known', RETURNING, AT_ONCE, () =>
      session(somebody(0), '127.0.0.1'),
    ),
    await measure('from an unknown one, one at a time', STRANGERS, 1, (i) =>
      session(somebody(i + 1), elsewhere(10, i)),
    ),
    await measure(`from unknown ones, ${AT_ONCE} at a time`, STRANGERS, AT_ONCE, (i) =>
      session(somebody(i + 100), elsewhere(20, i)),
    ),
  ]
  await portico.stop()
  backend.stop()
  return results
}
