import { randomBytes } from 'node:crypto'
import { type Latency, many, type Open } from './job.ts'

const ANSWER = 64

/** Sessions that come, get one answer and go. */
export async function churn(
  open: Open,
  { sessions, atOnce }: { sessions: number; atOnce: number },
): Promise<{ failed: number; failure?: string; latency: Latency }> {
  const question = randomBytes(ANSWER)
  const flights: number[] = []
  const firsts: number[] = []
  const result = await many(sessions, atOnce, async () => {
    const session = open({ kind: 'echo', bytes: 0 })
    await session.opened
    await session.ask(question)
    flights.push(session.flightAfter)
    firsts.push(session.firstByteAfter)
    session.reset()
  })
  flights.sort((a, b) => a - b)
  firsts.sort((a, b) => a - b)
  const at = (sorted: number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { ...result, latency: { flightP50: at(flights, 0.5), p50: at(firsts, 0.5), p90: at(firsts, 0.9) } }
}
