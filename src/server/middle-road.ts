import { crc32 } from 'node:zlib'
import type { User } from '../access/users.ts'
import type { Config } from '../config/schema.ts'
import type { MiddleFailureDetail } from '../telegram/middle/failure.ts'
import type { MiddleKnowledge } from '../telegram/middle/middle-directory.ts'
import { MiddleProxies, type MiddleResult } from '../telegram/middle/middle-proxies.ts'
import type { LinkOptions } from '../telegram/middle/shared-link.ts'
import { dataCentreLabel } from '../telemetry/catalogue.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { Log } from '../telemetry/guarded-log.ts'
import type { Dialling } from './dialling.ts'
import { pooledRandom } from './random-pool.ts'
import type { ThreadResources } from './thread-resources.ts'

/** A failure is worth a line now and then, not one for each attempt. */
const LOG_AGAIN_MILLISECONDS = 60_000
const SWEEP_MILLISECONDS = 1000

export interface MiddleRoadDependencies {
  readonly thread: ThreadResources
  readonly dialling: Pick<Dialling, 'middle'>
  readonly counters: Counters
  readonly log: Log
  unixSeconds(): number
}

/** The middle proxies as one worker uses them, counted and told of. */
export class MiddleRoad {
  #config: Config
  readonly #proxies: MiddleProxies
  readonly #d: MiddleRoadDependencies
  readonly #logged = new Map<string, number>()
  #sweptAt = 0

  constructor(config: Config, knowledge: MiddleKnowledge, dependencies: MiddleRoadDependencies) {
    this.#config = config
    this.#d = dependencies
    const { thread, dialling, counters, unixSeconds } = dependencies
    this.#proxies = new MiddleProxies(
      proxiesOptions(config),
      knowledge,
      {
        wheel: thread.wheel,
        now: thread.now,
        // The native one; the protocol room has its own in JavaScript, a quarter as fast.
        crc32: (bytes, before) => crc32(bytes, before),
        random: pooledRandom(),
        unixSeconds,
        unixMilliseconds: Date.now,
        dial: (dc, addresses, upstreams) => dialling.middle(dc, addresses, upstreams),
      },
      {
        connections: (dc, change) => counters.telegramConnections.add(change, dataCentreLabel(dc), 'middle'),
        ready: (dc, milliseconds) => {
          counters.middleHandshakes.add(1, dataCentreLabel(dc), 'ok')
          counters.middleHandshakeSeconds.observe(milliseconds / 1000, dataCentreLabel(dc))
        },
        probed: (dc, { result, milliseconds }) => {
          counters.telegramProbes.add(1, dataCentreLabel(dc), 'middle', result)
          if (result === 'ok') {
            counters.telegramProbeSeconds.observe(milliseconds / 1000, dataCentreLabel(dc), 'middle')
          }
        },
        failed: (dc, detail, ready) => this.#failed(dc, detail, ready),
        odd: (kind) => counters.middleOddCalls.add(1, kind),
      },
    )
    thread.wheel.everyTick((now) => {
      if (now - this.#sweptAt < SWEEP_MILLISECONDS) return
      this.#sweptAt = now
      this.#proxies.sweep()
    })
  }

  goesByMiddle(user: User): boolean {
    return this.#config.telegram.via === 'middle' || user.adTag !== undefined
  }

  link(dc: number, user: User, options: LinkOptions): Promise<MiddleResult> {
    return this.#proxies.link(dc, user.upstreams, options)
  }

  apply(knowledge: MiddleKnowledge, config = this.#config): void {
    this.#config = config
    this.#proxies.apply(knowledge, proxiesOptions(config))
  }

  #failed(dc: number, detail: MiddleFailureDetail | { failure: 'dial'; code: string }, ready: boolean): void {
    const { counters, log } = this.#d
    const { failure } = detail
    if (failure === 'retired') return
    if (ready && failure !== 'dial') counters.middleConnectionsLost.add(1, dataCentreLabel(dc), failure)
    else counters.middleHandshakes.add(1, dataCentreLabel(dc), failure)
    if (!this.#isNews(`${dc} ${failure}`)) return
    if (failure === 'clock') {
      const seconds = 'clockDifference' in detail ? detail.clockDifference : undefined
      log.error('the clock of this server is wrong: middle proxies refuse more than 30 s of difference', {
        dc,
        seconds_behind_telegram: seconds,
      })
    } else {
      const event = ready ? 'connection to a middle proxy lost' : 'middle proxy not reached'
      log.warn(event, { dc, failure, code: detail.code, ...hint(failure, detail.code) })
    }
  }

  /** A tagged session went without its ad. */
  adTagNotShown(): void {
    if (this.#isNews('ad tag'))
      this.#d.log.warn('ad tag not shown: no middle proxy answers, sessions go direct')
  }

  #isNews(key: string): boolean {
    const { now } = this.#d.thread.wheel
    const last = this.#logged.get(key)
    if (last !== undefined && now - last < LOG_AGAIN_MILLISECONDS) return false
    this.#logged.set(key, now)
    return true
  }
}

function proxiesOptions({ telegram }: Config) {
  const { prefer, unknown_dc, dial_timeout: patience, probe } = telegram
  return {
    directory: { prefer, unknown_dc },
    patience,
    probe: probe === 'off' ? Number.POSITIVE_INFINITY : probe,
  }
}

function hint(failure: string, code: string | undefined): { hint?: string } {
  if (code === 'own_address_unknown') {
    return {
      hint: 'only the straight way and SOCKS servers that say their own address lead to middle proxies',
    }
  }
  if (failure === 'keys_refused') {
    return { hint: 'behind NAT? set public_addresses to the addresses that the Internet sees' }
  }
  if (failure === 'nonce_refused') return { hint: 'the clock of this server, or telegram.middle.secret_file' }
  return {}
}
