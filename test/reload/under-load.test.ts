import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DataCentreProcess, startDataCentreProcess } from '../world/data-centre/start-process.ts'
import { freePort } from '../world/free-port.ts'
import type { Front } from '../world/fronts/front.ts'
import { startNodeHttps } from '../world/fronts/node-https.ts'
import { metricSum } from '../world/metrics.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import { ALICE, porticoToml } from '../world/portico-toml.ts'
import { waitFor } from '../world/wait-for.ts'
import { EchoSession } from './echo-session.ts'
import { reloadAfter, replaceFile } from './reload-control.ts'

const DOMAIN = 'www.example.org'
/** RELOAD_UNDER_LOAD=full runs what the contract names; every run of the tests has the short form. */
const {
  rewrites: REWRITES,
  invalidEvery: INVALID_EVERY,
  staying: STAYING,
  pause: PAUSE,
} = process.env.RELOAD_UNDER_LOAD === 'full'
  ? { rewrites: 100, invalidEvery: 10, staying: 500, pause: 250 }
  : { rewrites: 24, invalidEvery: 4, staying: 40, pause: 20 }
const CUT_EACH_TIME = 3
/** What a loaded machine takes to notice, beside the second that is promised. */
const SLACK = 4000
/** Connections by which portico itself watches how long its two fronts bear silence; of the built-in one it has both ends. */
const OWN_WATCHES = 12

interface Scene {
  /** Secrets of those who are there beside alice. */
  readonly users: Map<string, string>
  extraPort: number
  extraSite: string
  /** What makes the file invalid. */
  fault: string
}

let dataCentre: DataCentreProcess
let site: Front
let portico: Portico
let scene: Scene
beforeAll(async () => {
  dataCentre = await startDataCentreProcess()
  site = await startNodeHttps({ domain: 'site.example.org' })
  scene = { users: new Map(), extraPort: await freePort('127.0.0.1'), extraSite: 'a0.example.org', fault: '' }
  for (let n = 0; n < REWRITES; n++) scene.users.set(`cut${n}`, secretOf(n))
  portico = await startPortico({ config: text })
})
afterAll(async () => {
  await portico?.kill9()
  await site?.stop()
  await dataCentre?.stop()
})

function secretOf(n: number): string {
  return (n + 1).toString(16).padStart(32, 'c')
}

function text(port: number): string {
  const users = { alice: ALICE, ...Object.fromEntries(scene.users) }
  const tables = [
    `[[listener]]\naddress = "127.0.0.1:${scene.extraPort}"\n`,
    `[[front.site]]\ndomain = "${scene.extraSite}"\naddress = "127.0.0.1:${site.endpoint.port}"\n`,
    scene.fault,
  ]
  return porticoToml(
    {
      domain: DOMAIN,
      front: 'built-in',
      dataCentre,
      telegramKeys: 'warm = 0',
      users,
      tables: tables.join('\n'),
    },
    port,
  )
}

function descriptors(): number {
  return readdirSync(`/proc/${portico.pid}/fd`).length
}

/** Connects to the main port again and again; counts who was not accepted. */
function knocking(port: number): { stop(): { knocks: number; refused: number } } {
  const counts = { knocks: 0, refused: 0 }
  const timer = setInterval(() => {
    const socket = connect({ host: '127.0.0.1', port })
    counts.knocks++
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => counts.refused++)
  }, 10)
  return {
    stop: () => {
      clearInterval(timer)
      return counts
    },
  }
}

test(`${REWRITES} rewrites under load lose nobody who may stay, and everybody who must go`, async () => {
  const door = { host: portico.host, port: portico.port, domain: DOMAIN }
  // What the first session and the first reload bring for good is no leak.
  await (await EchoSession.open(door, ALICE)).stop()
  scene.users.set('early', secretOf(5000))
  await reloadAfter(portico, () => replaceFile(portico.file, text(portico.port)))
  const before = { descriptors: descriptors(), rss: portico.rss() }
  const staying: EchoSession[] = []
  while (staying.length < STAYING)
    staying.push(
      ...(await Promise.all(Array.from({ length: 20 }, () => EchoSession.open(door, ALICE, PAUSE)))),
    )
  const loaded = { descriptors: descriptors(), rss: portico.rss() }
  const knocks = knocking(portico.port)
  const cutAfter: number[] = []
  for (let n = 0; n < REWRITES; n++) {
    if (n % INVALID_EVERY === INVALID_EVERY - 1) {
      scene.fault = '[limits]\nno_such_key = 1\n'
      const report = await reloadAfter(portico, () => replaceFile(portico.file, text(portico.port)))
      expect(report.result).toBe('refused')
      scene.fault = ''
      continue
    }
    const doomed = await Promise.all(
      Array.from({ length: CUT_EACH_TIME }, () => EchoSession.open(door, secretOf(n), 5)),
    )
    scene.users.delete(`cut${n}`)
    scene.users.set(`new${n}`, secretOf(1000 + n))
    if (n % 2 === 0) scene.extraPort = await freePort('127.0.0.1')
    else scene.extraSite = `a${n}.example.org`
    const report = await reloadAfter(portico, () => replaceFile(portico.file, text(portico.port)))
    expect(report).toMatchObject({ result: 'applied', problems: [] })
    const inForce = performance.now()
    const ends = await Promise.all(doomed.map(({ over }) => over))
    cutAfter.push(...ends.map((end) => (end ?? Number.POSITIVE_INFINITY) - inForce))
    // The new user, by the listener that moved or the site that is new.
    const fresh = await EchoSession.open(
      { ...door, port: scene.extraPort, domain: scene.extraSite },
      secretOf(1000 + n),
    )
    await fresh.stop()
    const lost = await fresh.over
    const how = () => `${String(fresh.loss)}, after ${n}: ${JSON.stringify(portico.log.slice(-10))}`
    expect(lost, lost === undefined ? '' : how()).toBeUndefined()
  }
  const trips = staying.map((session) => session.trips)
  await waitFor('every session to go on', () =>
    staying.every((session, at) => session.trips > trips[at]! + 2),
  )
  const { knocks: knocked, refused } = knocks.stop()
  await Promise.all(staying.map((session) => session.stop()))
  expect(await Promise.all(staying.map(({ over }) => over))).toEqual(staying.map(() => undefined))
  expect(refused).toBe(0)
  expect(knocked).toBeGreaterThan(REWRITES)
  expect(Math.max(...cutAfter)).toBeLessThan(1000 + SLACK)

  await waitFor(
    'the sessions to be counted out',
    async () => metricSum(await portico.metrics(), 'portico_sessions') === 0,
  )
  // As many as before there was a session.
  const most = before.descriptors + OWN_WATCHES
  await waitFor('the descriptors to be given back', () => descriptors() <= most, 90_000)
  const after = { descriptors: descriptors(), rss: portico.rss() }
  console.log(
    `reload under load: ${JSON.stringify({ before, loaded, after, knocked, slowestCut: Math.round(Math.max(...cutAfter)) })}`,
  )
  expect(after.rss - before.rss).toBeLessThan(150 * 1024 * 1024)
}, 1_800_000)
