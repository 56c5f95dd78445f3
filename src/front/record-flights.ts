import { readClientHello } from '../protocol/tls/client-hello.ts'
import { type HelloClass, writeClientHello } from '../protocol/tls/hello-writer.ts'
import { type RecordedFlight, recordFlight } from '../protocol/tls/recorded-flight.ts'
import { MAX_FLIGHT, readServerFlight } from '../protocol/tls/server-flight.ts'
import { HELLO_CLASSES, type LearnDependencies, TIMEOUT_MILLISECONDS, usualSilence } from './learn.ts'
import type { Flights } from './profile.ts'
import type { Site } from './site.ts'
import { nameToAsk } from './sites.ts'

type Dependencies = Pick<LearnDependencies, 'exchange' | 'random'>

/**
 * So many handshakes of each class with a site, the classes side by side; what came whole and can be made again. The hellos
 * are drawn as the clients draw theirs. Never rejects.
 */
export async function recordFlights(
  site: Site,
  perClass: number,
  dependencies: Dependencies,
  signal: AbortSignal,
): Promise<Flights> {
  const flights: Partial<Record<HelloClass, RecordedFlight[]>> = {}
  const recordClass = async (helloClass: HelloClass) => {
    for (let round = 0; round < perClass && !signal.aborted; round++) {
      const flight = await recordOne(site, helloClass, dependencies)
      if (flight) flights[helloClass] = [...(flights[helloClass] ?? []), flight]
    }
  }
  await Promise.all(HELLO_CLASSES.map(recordClass))
  return flights
}

async function recordOne(
  site: Site,
  helloClass: HelloClass,
  { exchange, random }: Dependencies,
): Promise<RecordedFlight | undefined> {
  const hello = writeClientHello({ class: helloClass, domain: nameToAsk(site.domain) }, random)
  const { received } = await exchange(site.endpoint, hello, {
    quiet: usualSilence(site),
    timeout: TIMEOUT_MILLISECONDS,
    limit: MAX_FLIGHT,
  })
  const reading = readServerFlight(received, 1)
  const sent = readClientHello(hello)
  if (reading.state !== 'complete' || sent.state !== 'complete') return undefined
  return recordFlight(received, reading.flight, sent.hello.alpn)
}
