import { HELLO_CLASSES } from '../../../src/front/learn.ts'
import type { SiteProfile } from '../../../src/front/profile.ts'
import { recordedProfile } from '../../../test/profile/recorded-profile.ts'
import { startBun } from '../../../test/world/fronts/bun.ts'
import { startCaddy } from '../../../test/world/fronts/caddy.ts'
import type { Front } from '../../../test/world/fronts/front.ts'
import { startNginx } from '../../../test/world/fronts/nginx.ts'
import { startNodeHttps } from '../../../test/world/fronts/node-https.ts'
import { startOpensslServer } from '../../../test/world/fronts/openssl-server.ts'
import { type Portico, startPortico } from '../../../test/world/portico.ts'
import { ALICE, type PorticoSetup } from '../../../test/world/portico-toml.ts'
import type { Tap, Taps } from '../tap/tap.ts'

export const DOMAIN = 'www.example.org'
export const SECRET = Buffer.from(ALICE, 'hex')

const options = { domain: DOMAIN }

/** `oneByOne`: it serves one connection after the other, so nothing can be asked of it in parallel. */
export const FRONTS = {
  bun: { start: () => startBun(options), oneByOne: false },
  nginx: { start: () => startNginx(options), oneByOne: false },
  caddy: { start: () => startCaddy(options), oneByOne: false },
  node: { start: () => startNodeHttps(options), oneByOne: false },
  openssl: { start: () => startOpensslServer({ ...options, serve: 'files' }), oneByOne: true },
} as const

export type FrontName = keyof typeof FRONTS

/** Two flights every four seconds: longer than one wait of `recordedProfile` on a busy machine. */
async function recorded(portico: Portico): Promise<void> {
  const hasEnough = ({ flights }: SiteProfile) =>
    HELLO_CLASSES.every((name) => (flights[name]?.length ?? 0) >= ENOUGH_RECORDED)
  await recordedProfile(portico, hasEnough).catch(() => recordedProfile(portico, hasEnough))
}

/** A front, portico before it, and a tap before each. */
export interface Subject {
  readonly name: FrontName
  readonly front: Front
  readonly portico: Portico
  readonly frontTap: Tap
  readonly porticoTap: Tap
  stop(): Promise<void>
}

export const ANSWERS = ['mirror', 'profile'] as const

export interface SubjectOptions extends Pick<PorticoSetup, 'dataCentre' | 'users'> {
  readonly workers?: number
  /** How portico answers users: `profile` waits for it to have recorded the front. Default `mirror`. */
  readonly answer?: (typeof ANSWERS)[number]
}

/** Flights of each class that are enough to begin with; portico has twice as many a minute later. */
const ENOUGH_RECORDED = 24

export async function startSubject(
  name: FrontName,
  taps: Taps,
  { workers = 1, answer = 'mirror', ...setup }: SubjectOptions = {},
): Promise<Subject> {
  const front = await FRONTS[name].start()
  const portico = await startPortico({
    config: { domain: DOMAIN, front: front.endpoint, frontKeys: `answer = "${answer}"`, ...setup },
    built: true,
    workers,
  })
  if (answer === 'profile') await recorded(portico)
  return {
    name,
    front,
    portico,
    frontTap: await taps.before(front.endpoint),
    porticoTap: await taps.before(portico),
    stop: async () => {
      await portico.kill9()
      await front.stop()
    },
  }
}
