import { randomBytes } from 'node:crypto'
import { cpuTime } from '../measure/usage.ts'
import type { Surroundings } from '../subjects/subject.ts'
import { startBackend } from './backend-process.ts'
import { FramedClient } from './framed-client.ts'
import { startPlainPortico } from './plain-portico.ts'

/** What clients ask for: parts of files as they are, several under way. */
const PART = 512 * 1024
const UNDER_WAY = 4
const CONNECTIONS = 8
const DOWNLOADED = 24
const UPLOADED = 12
const TALKERS = 16
const REQUESTS = 400
const RECEIPT = 64

export const ROADS = ['direct', 'middle'] as const
type Road = (typeof ROADS)[number]

/** The same work by both roads: CPU of the whole process, in the unit of the work. */
export interface MiddleResult {
  readonly title: string
  readonly unit: string
  readonly road: Road
  readonly cpu: number
}

interface Work {
  readonly title: string
  readonly unit: string
  readonly clients: number
  /** Units of all clients, in a second of CPU. */
  readonly perSecond: number
  run(client: FramedClient): Promise<void>
}

const WORKS: readonly Work[] = [
  {
    title: `download in parts, ${CONNECTIONS} connections`,
    unit: 'CPU s per GB',
    clients: CONNECTIONS,
    perSecond: 1e9 / (CONNECTIONS * DOWNLOADED * PART),
    run: (client) =>
      client.ask(
        { kind: 'pour', answers: 1, bytes: PART },
        { times: DOWNLOADED, atOnce: UNDER_WAY, answer: PART },
      ),
  },
  {
    title: `upload in parts, ${CONNECTIONS} connections`,
    unit: 'CPU s per GB',
    clients: CONNECTIONS,
    perSecond: 1e9 / (CONNECTIONS * UPLOADED * PART),
    run: (client) =>
      client.ask(
        { kind: 'pour', answers: 1, bytes: RECEIPT },
        { times: UPLOADED, atOnce: UNDER_WAY, answer: RECEIPT, padding: PART },
      ),
  },
  {
    title: `600 B request and answer, ${TALKERS} connections`,
    unit: 'CPU µs',
    clients: TALKERS,
    perSecond: 1e6 / (TALKERS * REQUESTS),
    run: (client) =>
      client.ask({ kind: 'pour', answers: 1, bytes: 600 }, { times: REQUESTS, answer: 600, padding: 544 }),
  },
]

/** What a byte and a request cost by a middle proxy, beside the same by the data centre itself. */
export async function measureMiddle(
  surroundings: Pick<Surroundings, 'folder' | 'frontPort' | 'domain'>,
  { built, rounds }: { built: boolean; rounds: number },
): Promise<MiddleResult[]> {
  const backend = await startBackend(surroundings.folder)
  const secrets = { direct: randomBytes(16), middle: randomBytes(16) }
  const tables = `${backend.tables}
[users.direct]
secret = "${secrets.direct.toString('hex')}"
[users.middle]
secret = "${secrets.middle.toString('hex')}"
ad_tag = "${'ab'.repeat(16)}"
`
  const portico = await startPlainPortico(surroundings, { built, tables })
  const results: MiddleResult[] = []
  for (let round = 0; round <= rounds; round++) {
    for (const { title, unit, clients, perSecond, run } of WORKS) {
      for (const road of ROADS) {
        const open = () => FramedClient.open(portico.target.port, secrets[road])
        const opened = await Promise.all(Array.from({ length: clients }, open))
        await Promise.all(
          opened.map((client) => client.ask({ kind: 'echo', text: '' }, { times: 1, answer: 56 })),
        )
        const before = cpuTime(portico.pid).total
        await Promise.all(opened.map(run))
        const cpu = (cpuTime(portico.pid).total - before) * perSecond
        for (const client of opened) client.close()
        // The first round warms up.
        if (round > 0) results.push({ title, unit, road, cpu })
      }
    }
  }
  await portico.stop()
  backend.stop()
  return results
}
