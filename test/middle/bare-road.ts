import { randomBytes } from 'node:crypto'
import { dial } from '../../src/net/dial.ts'
import type { Endpoint } from '../../src/net/endpoint.ts'
import type { Leg, LegHandler } from '../../src/net/leg.ts'
import { listen } from '../../src/net/listener.ts'
import { Wheel } from '../../src/net/wheel.ts'
import { addressBytes } from '../../src/protocol/ip-address.ts'
import { crc32 } from '../../src/protocol/middle/checksum.ts'
import { openedCipher, openInit } from '../../src/protocol/obfuscated2.ts'
import { MiddleRelay } from '../../src/relay/middle-relay.ts'
import type { MiddleTable } from '../../src/telegram/middle/middle-directory.ts'
import { MiddleProxies } from '../../src/telegram/middle/middle-proxies.ts'
import { socketResources } from '../doubles/socket-resources.ts'
import { freePort } from '../world/free-port.ts'

export interface BareRoadOptions {
  /** What clients must know, 16 bytes. */
  readonly secret: Buffer
  readonly middleSecret: Buffer
  readonly addresses: readonly Endpoint[]
  readonly adTag?: Buffer
  readonly unixSeconds?: () => number
  /** Milliseconds between two questions of portico's own. */
  readonly probe?: number
}

const UNSET: LegHandler = { onBytes: () => false, onDrain() {}, onEnd() {}, onLost() {}, onClosed() {} }

/** The road by middle proxies alone, in this process: real sockets, and no more of portico than the relay and the pool. */
export async function openBareRoad({ secret, middleSecret, addresses, adTag, ...options }: BareRoadOptions) {
  const unixSeconds = options.unixSeconds ?? (() => Math.floor(Date.now() / 1000))
  const wheel = new Wheel()
  const resources = socketResources()
  const { outgoing } = resources
  const waiting = { held: 0, most: 128 * 1024 * 1024 }
  const failures: string[] = []
  const results: string[] = []
  const probed: string[] = []
  const tableFor = (all: readonly Endpoint[]): MiddleTable => ({ 1: all, 2: all, 4: all, 203: all })
  const knowledge = (all: readonly Endpoint[]) => ({
    secret: middleSecret,
    table: tableFor(all),
    publicAddresses: [],
  })
  const proxies = new MiddleProxies(
    {
      directory: { prefer: 'ipv4', unknown_dc: 2 },
      patience: 5000,
      probe: options.probe ?? Number.POSITIVE_INFINITY,
    },
    knowledge(addresses),
    {
      wheel,
      crc32,
      random: randomBytes,
      unixSeconds,
      unixMilliseconds: Date.now,
      now: () => performance.now(),
      dial: async (_dc, all) => reach(all, resources),
    },
    {
      connections() {},
      ready() {},
      probed: (_dc, { result }) => probed.push(result),
      failed: (_dc, { failure, code }, ready) =>
        failures.push([failure, code, ready && 'was ready'].filter(Boolean).join(' ')),
      odd() {},
    },
  )
  const port = await freePort('127.0.0.1')
  const open = new Set<MiddleRelay>()
  const admit = async (leg: Leg, bytes: Buffer, client: { address: string; port: number }) => {
    const init = openInit(bytes.subarray(0, 64), secret)
    if (!init) return leg.destroy()
    const { transport } = init
    const end = { address: addressBytes(client.address)!, port: client.port }
    const found = await proxies.link(init.dc, undefined, { transport, client: end, adTag })
    if (!found.ok) {
      results.push(found.failure)
      return leg.destroy()
    }
    const relay: MiddleRelay = new MiddleRelay(
      {
        client: leg,
        link: found.link,
        transport,
        stripper: undefined,
        decipher: init.decipher,
        cipher: openedCipher(init.toClient),
        frameLimit: 2 ** 20,
      },
      { outgoing, wheel, waiting, random: randomBytes, dropped() {} },
      (over) => {
        open.delete(over)
        results.push(over.result)
      },
    )
    open.add(relay)
    relay.start(bytes.subarray(64))
  }
  const listening = await listen(
    {
      endpoint: { kind: 'tcp', host: '127.0.0.1', port },
      backlog: 1024,
      reusePort: false,
      permissions: 0,
      ipv6Only: false,
    },
    {
      ...resources,
      accept: (client) => {
        let early = Buffer.alloc(0)
        return {
          ...UNSET,
          onBytes: (leg, n, bytes) => {
            early = Buffer.concat([early, bytes.subarray(0, n)])
            if (early.length < 64) return true
            void admit(leg, early, client)
            return false
          },
        }
      },
    },
  )
  const clock = setInterval(() => wheel.advance(50), 50)
  return {
    host: '127.0.0.1',
    port,
    waiting,
    /** Why connections to middle proxies were not made or were lost. */
    failures,
    /** How sessions ended, and why links were refused. */
    results,
    /** What became of questions of portico's own. */
    probed,
    open: () => open.size,
    apply: (all: readonly Endpoint[]) => proxies.apply(knowledge(all)),
    sweep: () => proxies.sweep(),
    advance: (milliseconds: number) => wheel.advance(milliseconds),
    close: () => {
      clearInterval(clock)
      listening.close()
      for (const relay of open) relay.cut('drained')
      proxies.apply({ secret: middleSecret, table: {}, publicAddresses: [] })
      proxies.sweep()
    },
  }
}

/** The first that answers. */
async function reach(all: readonly Endpoint[], resources: Parameters<typeof dial>[2]) {
  const began = performance.now()
  for (const endpoint of all) {
    const leg = await new Promise<Leg | undefined>((resolve) => {
      const handler = { ...UNSET, onLost: () => resolve(undefined) }
      const trying: Leg = dial(endpoint, handler, resources, { onConnected: () => resolve(trying) })
    })
    if (!leg) continue
    const upstream = { name: 'direct', kind: 'direct' as const }
    return { ok: true as const, leg, endpoint, upstream, milliseconds: performance.now() - began }
  }
  return { ok: false as const, failure: 'refused' as const }
}
