import type { Features } from '../classifiers/dataset.ts'
import type { Flow, RecordSeen, Side } from '../tap/flow.ts'

const APPLICATION_DATA = 0x17
const FIRST_RECORDS = 20
/** Where every measured TLS stack ends: 2¹⁴ and the overhead of TLS 1.3. */
const FULL_RECORD = 16_401

/** Sizes and types of the server's first twenty records, without times. */
export function serverDirection({ records }: Flow): Features {
  const server = records.filter(({ from }) => from === 'server')
  return named('server record', server.slice(0, FIRST_RECORDS))
}

/** The same, from what follows the flight: what the server says to whatever hello. */
export function afterTheFlight(flow: Flow): Features {
  return named('server record after the flight', later(flow, 'server').slice(0, FIRST_RECORDS))
}

function named(name: string, records: readonly RecordSeen[]): Features {
  return Object.fromEntries(records.map(({ length }, at) => [`${name} ${at + 1}`, length]))
}

/** What came from a side after the client's first bytes behind the flight. */
function later({ records }: Flow, side: Side): RecordSeen[] {
  const second = secondFlightAt(records)
  return records.slice(second).filter(({ from, type }) => from === side && type === APPLICATION_DATA)
}

/** Of the first record that the client sends after the server has spoken. */
function secondFlightAt(records: readonly RecordSeen[]): number {
  const server = records.findIndex(({ from }) => from === 'server')
  const second = records.findIndex(({ from }, at) => at > server && from === 'client')
  return second === -1 ? records.length : second
}

/** Both directions, sizes and times. */
export function wholeFlow(flow: Flow): Features {
  const { records, reads, clientBytes, serverBytes, endAt } = flow
  const client = later(flow, 'client')
  const server = later(flow, 'server')
  const turns = records.filter(({ from }, at) => at > 0 && records[at - 1]!.from !== from).length
  const largest = (all: readonly RecordSeen[]) => Math.max(0, ...all.map(({ length }) => length))
  return {
    ...serverDirection(flow),
    ...named('client record', client.slice(0, 8)),
    'hello bytes': records.find(({ from }) => from === 'client')?.length ?? 0,
    'client second flight': client[0]?.length ?? 0,
    'client CCS records': records.filter(({ from, type }) => from === 'client' && type === 0x14).length,
    'server records in its first answer': firstAnswer(flow).length,
    'client bytes': Math.log1p(clientBytes),
    'server bytes': Math.log1p(serverBytes),
    'client records': client.length,
    'server records': server.length,
    'largest client record': largest(client),
    'largest server record': largest(server),
    'full server records': server.filter(({ length }) => length === FULL_RECORD).length,
    turns,
    reads: reads.length,
    milliseconds: endAt,
    'ended by the server': flow.end.startsWith('server') ? 1 : 0,
  }
}

/** Server records that came together as the first after the client's second flight: in a real flow its tickets. */
export function firstAnswer(flow: Flow): RecordSeen[] {
  const { records } = flow
  const second = secondFlightAt(records)
  const rest = records.slice(second)
  const firstServer = rest.findIndex(({ from }) => from === 'server')
  if (firstServer === -1) return []
  return rest
    .slice(firstServer)
    .filter(({ from, at }) => from === 'server' && at - rest[firstServer]!.at < 0.5)
}

/** Each length of a server's record of application data, and how often. */
export function recordSizes(flow: Flow): number[] {
  return later(flow, 'server').map(({ length }) => length)
}
