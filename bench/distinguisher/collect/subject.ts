import { HELLO_CLASSES } from '../../../src/front/learn.ts'
import type { SiteProfile } from '../../../src/front/profile.ts'
import { recordedProfile } from '../../../test/profile/recorded-profile.ts'
import { startBun } from '../../../test/world/fronts/bun.ts'
import { startCaddy } from '../../../test/world/fronts/caddy.ts'
import type { Front } from '../../../test/world/fronts/front.ts'
import { startNginx } from '../../../test/world/fronts/nginx.ts'
import { startNodeHttps } from '../../../test/world/fronts/node-https.ts'
import { startOpensslServer } from '../../../test/world/fronts/openssl-server.ts'
import { metricSum } from '../../../test/world/metrics.ts'
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

/** Two flights every four seconds: a minute and more, longer than one wait of `recordedProfile`. */
async function untilRecorded(portico: Portico): Promise<void> {
  const hasEnough = ({ flights }: SiteProfile) =>
    HELLO_CLASSES.every((name) => (flights[name]?.length ?? 0) >= ENOUGH_RECORDED)
  await recordedProfile(portico, hasEnough).catch(() => recordedProfile(portico, hasEnough))
}

/** A front, portico before it or one that was like it, and a tap before each. */
export interface Subject {
  readonly name: FrontName
  readonly front: Front
  /** portico has lost its own: whoever is no user meets nobody there. */
  readonly isAlone: boolean
  readonly portico: Portico
  readonly frontTap: Tap
  readonly porticoTap: Tap
  stop(): Promise<void>
}

export const ANSWERS = ['mirror', 'profile'] as const

export interface SubjectOptions extends Pick<PorticoSetup, 'dataCentre' | 'users'> {
  readonly workers?: number
  /**
   * How portico answers users. `profile`: it has recorded the front, which then was stopped, and answers by itself with what
   * it has; what it is compared with is another instance of that server. Default `mirror`.
   */
  readonly answer?: (typeof ANSWERS)[number]
}

/** Flights of each class that portico has after about a minute; in the hours behind it there will be more. */
const ENOUGH_RECORDED = 36

/** Users that portico has answered with a recorded flight, and otherwise. */
export interface Answers {
  readonly recorded: number
  readonly others: number
}

export async function answersOf({ portico }: Subject): Promise<Answers> {
  const metrics = await portico.metrics()
  const recorded = metricSum(metrics, 'portico_answers_total', { flight: 'profile' })
  return { recorded, others: metricSum(metrics, 'portico_answers_total') - recorded }
}

export async function startSubject(
  name: FrontName,
  taps: Taps,
  { workers = 1, answer = 'mirror', ...setup }: SubjectOptions = {},
): Promise<Subject> {
  const isAlone = answer === 'profile'
  const first = await FRONTS[name].start()
  const frontKeys = `answer = "${isAlone ? 'auto' : 'mirror'}"`
  const portico = await startPortico({
    config: { domain: DOMAIN, front: first.endpoint, frontKeys, ...setup },
    built: true,
    workers,
  })
  const front = isAlone ? await first.twin() : first
  if (isAlone) {
    await untilRecorded(portico)
    await first.stop()
  }
  return {
    name,
    front,
    isAlone,
    portico,
    frontTap: await taps.before(front.endpoint),
    porticoTap: await taps.before(portico),
    stop: async () => {
      await portico.kill9()
      await first.stop()
      if (front !== first) await front.stop()
    },
  }
}
