import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../statistics/random.ts'
import type { Address } from '../tap/tap.ts'
import { FLIGHT_DEFECTS, type FlightDefectName } from './defect.ts'
import { RecordCutter } from './record-cutter.ts'

export interface RelayOptions {
  /** What it does to the first flight; default: nothing. */
  readonly flight?: FlightDefectName
  /** Payload of the largest record that it hands on; default: as they come. */
  readonly largestRecord?: number
  readonly keepAlive?: boolean
}

export interface DefectiveRelay extends Address {
  stop(): void
}

/** Long enough that no probe is sent while a run looks for its timer. */
const KEEP_ALIVE_MILLISECONDS = 15_000

/** A proxy with one known fault, to see whether the instrument sees it. It takes the first bytes of the server for its whole flight. */
export async function startDefectiveRelay(
  { host, port }: Address,
  { flight = 'none', largestRecord, keepAlive = false }: RelayOptions,
): Promise<DefectiveRelay> {
  const random = seeded(port)
  const defect = FLIGHT_DEFECTS[flight]
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (keepAlive) client.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS)
    const localAddress = client.remoteAddress ?? host
    const site = connect({ host, port, localAddress, allowHalfOpen: true, noDelay: true })
    const cutter = largestRecord === undefined ? undefined : new RecordCutter(largestRecord)
    let before: Promise<void> = Promise.resolve()
    let isFirst = true
    site.on('data', (bytes: Buffer) => {
      const altered = isFirst ? defect(Buffer.from(bytes), random) : { pieces: [bytes], delay: 0 }
      const pieces = cutter && !isFirst ? altered.pieces.map((piece) => cutter.push(piece)) : altered.pieces
      const first = isFirst
      isFirst = false
      before = before.then(() => hand(client, pieces, altered.delay, first))
    })
    site.on('end', () => void before.then(() => client.end()))
    client.on('data', (bytes: Buffer) => site.write(bytes))
    client.on('end', () => site.end())
    client.on('error', () => site.resetAndDestroy())
    site.on('error', () => client.resetAndDestroy())
    client.on('close', () => site.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    stop: () => server.close(),
  }
}

async function hand(
  to: Socket,
  pieces: readonly Uint8Array[],
  delay: number,
  isFlight: boolean,
): Promise<void> {
  if (isFlight && delay > 0 && pieces.length === 1) await sleep(delay)
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await sleep(delay)
    if (!to.destroyed) to.write(piece)
  }
}
