import { once } from 'node:events'
import { connect } from 'node:net'
import { SHARED_NAME, strangeAddress } from '../crowd.ts'
import { strangerSource } from '../hello-source.ts'
import type { Target } from '../session.ts'
import type { Latency } from './job.ts'
import { at } from './knock.ts'

/** Browsers that look at the site, one after the other. */
export interface Visits {
  readonly visits: number
}

/** How long each waits for the first bytes of the site's answer to its hello. */
export async function browse(
  { port }: Target,
  { visits }: Visits,
): Promise<{ failed: number; failure?: string; latency: Latency }> {
  const hello = strangerSource(SHARED_NAME)
  const waits: number[] = []
  for (let n = 0; n < visits; n++) {
    const socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      localAddress: strangeAddress(Math.random),
    })
    await once(socket, 'connect')
    const bytes = hello()
    const began = performance.now()
    socket.write(bytes)
    await once(socket, 'data')
    waits.push(performance.now() - began)
    socket.resetAndDestroy()
  }
  return { failed: 0, latency: { flightP50: at(waits, 0.5), p50: at(waits, 0.5), p90: at(waits, 0.9) } }
}
