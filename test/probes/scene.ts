import { startBun } from '../world/fronts/bun.ts'
import { startCaddy } from '../world/fronts/caddy.ts'
import type { Front } from '../world/fronts/front.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE, type PorticoSetup } from '../world/portico-toml.ts'
import { DOMAIN, encryptedRecords, strangeHello } from './hellos.ts'
import { type Pair, play } from './matrix.ts'
import { startStrictNginx } from './strict-nginx.ts'

/** Bun's clock has steps of four seconds, and before the first request it waits no less than eight: 8 to 12. */
const BUN_TIMER = 8

/** How each front starts, and the milliseconds after which it has ended every silent connection. */
export const FRONTS = {
  nginx: { start: () => startStrictNginx(DOMAIN), patience: 4500 },
  Bun: { start: () => startBun({ domain: DOMAIN, timers: { header: BUN_TIMER } }), patience: 13_500 },
  Caddy: { start: () => startCaddy({ domain: DOMAIN, timers: { header: 2, keepAlive: 2 } }), patience: 4500 },
} as const

export type FrontName = keyof typeof FRONTS

/** With a scene of its own, which is stopped in any case. */
export async function inScene<T>(
  name: FrontName,
  options: SceneOptions,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  const scene = await openScene(name, options)
  try {
    return await use(scene)
  } finally {
    await scene.stop()
  }
}

export interface SceneOptions extends Pick<PorticoSetup, 'dataCentres' | 'frontKeys' | 'users'> {
  /** What is put before the front, as its face towards both. */
  readonly before?: (front: Front) => Promise<Front>
}

/** A front, portico before it, and what a comparison of the two needs. */
export interface Scene {
  readonly front: Front
  readonly portico: Portico
  /** 16 bytes: alice's. */
  readonly secret: Buffer
  readonly pair: Pair
  stop(): Promise<void>
}

export async function openScene(name: FrontName, options: SceneOptions = {}): Promise<Scene> {
  const { before, ...setup } = options
  const site = await FRONTS[name].start()
  const front = before ? await before(site) : site
  const portico = await startPortico({
    config: { domain: DOMAIN, front: front.endpoint, ...setup },
    built: true,
  })
  const { patience } = FRONTS[name]
  const hello = strangeHello()
  const { bytes } = await play((client) => client.send(hello), front.endpoint, 1500)
  return {
    front,
    portico,
    secret: Buffer.from(ALICE, 'hex'),
    pair: { direct: front.endpoint, portico, patience, flightRecords: encryptedRecords(bytes) },
    stop: async () => {
      await portico.kill9()
      if (front !== site) await front.stop()
      await site.stop()
    },
  }
}
