import { dial, dialFailure } from '../net/dial.ts'
import type { Endpoint } from '../net/endpoint.ts'
import type { Leg, LegHandler } from '../net/leg.ts'
import { type DialResult, dialDataCentre } from '../telegram/dial-data-centre.ts'
import type { Road } from '../telegram/directory.ts'
import { dataCentreLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { ThreadResources } from './thread-resources.ts'

/** The connections that a worker begins, counted. */
export class Dialling {
  readonly #timeout: number
  readonly #thread: ThreadResources
  readonly #counters: Counters

  /** @param timeout of a dial to Telegram, milliseconds */
  constructor(timeout: number, thread: ThreadResources, counters: Counters) {
    this.#timeout = timeout
    this.#thread = thread
    this.#counters = counters
  }

  front(endpoint: Endpoint, handler: LegHandler): Leg {
    const counters = this.#counters
    const began = this.#thread.now()
    counters.frontConnections.add(1)
    return dial(endpoint, handler, this.#thread, {
      onConnected: () => {
        counters.frontDials.add(1, 'ok')
        counters.frontDialSeconds.observe((this.#thread.now() - began) / 1000)
      },
      onClosed: (leg) => {
        counters.frontConnections.add(-1)
        counters.bytes.add(leg.bytesWritten, 'up', 'front')
        counters.bytes.add(leg.bytesRead, 'down', 'front')
        if (!leg.connected && leg.failure) counters.frontDials.add(1, dialFailure(leg.failure))
      },
    })
  }

  async telegram(road: Road): Promise<DialResult> {
    const { wheel, now } = this.#thread
    const result = await dialDataCentre(road.addresses, this.#timeout, {
      connect: (endpoint, handler, onConnected) => dial(endpoint, handler, this.#thread, { onConnected }),
      wheel,
      now,
    })
    const dc = dataCentreLabel(road.dc)
    this.#counters.telegramDials.add(1, dc, 'direct', result.ok ? 'ok' : result.failure)
    if (result.ok) this.#counters.telegramDialSeconds.observe(result.milliseconds / 1000, dc)
    return result
  }
}
