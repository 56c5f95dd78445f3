import type { Flow } from '../tap/flow.ts'
import { firstAnswer, recordSizes } from './flow-features.ts'

const APPLICATION_DATA = 0x17

/** Size of the client's first encrypted record: 53 or 69 bytes of a Finished, or what a Telegram client begins with. */
export function secondFlightSize({ records }: Flow): string {
  const first = records.find(({ from, type }) => from === 'client' && type === APPLICATION_DATA)
  if (!first) return 'none'
  return first.length === 53 || first.length === 69 ? `${first.length} bytes` : 'another size'
}

/** What the server sent first after the client's second flight: in real flows its tickets, alone or with an answer. */
export function firstAnswerSizes(flow: Flow): string {
  return (
    firstAnswer(flow)
      .slice(0, 3)
      .map(({ length }) => length)
      .join(' ') || 'nothing'
  )
}

/** As if the server had sent none of that. */
export function withoutFirstAnswer(flow: Flow): Flow {
  const missing = new Set(firstAnswer(flow).slice(0, 2))
  return { ...flow, records: flow.records.filter((record) => !missing.has(record)) }
}

export function largestRecord(flows: readonly Flow[]): number {
  return Math.max(0, ...flows.flatMap(recordSizes))
}
