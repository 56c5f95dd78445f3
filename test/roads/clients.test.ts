// needs: danted tinyproxy ss-server

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DOMAIN, middleOf, TAG } from '../middle/scene.ts'
import { openMtcute, routeOfLink } from '../world/clients/mtcute.ts'
import { pingProxy } from '../world/clients/tdlib.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'
import { metricSum } from '../world/metrics.ts'
import { FakeMiddleProxy } from '../world/middle-proxy/fake-middle-proxy.ts'
import { type Portico, startPortico } from '../world/portico.ts'
import type { ListeningProcess } from './listening-process.ts'
import { startDante, startShadowsocks, startTinyproxy } from './proxies.ts'

const MIB = 1024 * 1024
/** TDLib pings whichever it believes to be the nearest. Every one has an address of each family. */
const DATA_CENTRES = [1, 2, 3, 4, 5]

interface Road {
  readonly upstream: string
  /** The data centre's end that the road leads to, where only one can be reached by it. */
  readonly family?: 'IPv4' | 'IPv6'
  /** By middle only where the road says which end the middle proxy sees: its keys are made of that. */
  readonly via: 'direct' | 'middle'
}

const roads: readonly Road[] = [
  { upstream: 'four', family: 'IPv4', via: 'direct' },
  { upstream: 'six', family: 'IPv6', via: 'direct' },
  { upstream: 'socks', via: 'direct' },
  { upstream: 'connect', via: 'direct' },
  { upstream: 'shadow', via: 'direct' },
  { upstream: 'four', family: 'IPv4', via: 'middle' },
  { upstream: 'six', family: 'IPv6', via: 'middle' },
  { upstream: 'socks', via: 'middle' },
]
const BOUND: Record<string, string> = { four: '127.0.0.9', six: '::1' }
const WAYS = ['direct', 'four', 'six', 'socks', 'connect', 'shadow']
const userOf = ({ upstream, via }: Road) => `${upstream}-${via}`

/** Of both families: whichever of its addresses answers first, the client's key is known there. */
let dataCentre: FakeDataCentre
let middleFour: FakeMiddleProxy
let middleSix: FakeMiddleProxy
let portico: Portico
const proxies: ListeningProcess[] = []

beforeAll(async () => {
  dataCentre = await FakeDataCentre.start({ host: '::' })
  const [four, six] = ['127.0.0.1', '::1'].map((host) => ({ host, port: dataCentre.port }))
  middleFour = await FakeMiddleProxy.start({ dataCentre: four! })
  const { secret } = middleFour
  middleSix = await FakeMiddleProxy.start({ host: '::1', dataCentre: six!, secret })
  const run = async (starting: Promise<ListeningProcess>) => {
    const running = await starting
    proxies.push(running)
    return `127.0.0.1:${running.port}`
  }
  const upstreams = {
    socks: `socks5://${await run(startDante())}`,
    connect: `http://${await run(startTinyproxy())}`,
    shadow: `ss://aes-256-gcm:word@${await run(startShadowsocks('aes-256-gcm', 'word'))}`,
    four: 'direct:',
    six: 'direct:',
  }
  portico = await startPortico({
    config: {
      domain: DOMAIN,
      front: 'built-in',
      users: {},
      dataCentres: Object.fromEntries(DATA_CENTRES.map((dc) => [dc, [four!, six!]])),
      telegramKeys: 'fallback = "never"',
      tables: [
        middleOf(middleFour, middleSix),
        ...Object.entries(upstreams).map(([name, url]) => upstreamTable(name, url)),
        ...roads.map(userTable),
      ].join('\n'),
    },
  })
})

/** From a bound address only those of its family can be reached. */
function upstreamTable(name: string, url: string): string {
  return `[[upstream]]\nname = "${name}"\nurl = "${url}"\nfor = []\n${BOUND[name] ? `bind = "${BOUND[name]}"` : ''}`
}

function userTable(road: Road): string {
  const tag = road.via === 'middle' ? `ad_tag = "${TAG}"` : ''
  const secret = randomBytes(16).toString('hex')
  return `[users.${userOf(road)}]\nsecret = "${secret}"\nupstream = "${road.upstream}"\n${tag}`
}

afterAll(async () => {
  await portico?.stop()
  await Promise.all(proxies.map((proxy) => proxy.stop('SIGKILL')))
  for (const each of [middleFour, middleSix, dataCentre]) await each?.stop()
})

describe.each(roads)('$via by $upstream', (road) => {
  const peers = () => dataCentre.counters().records.map(({ from }) => from)
  const requests = () => [middleFour, middleSix].flatMap((middle) => middle.requests)
  let link: string
  let before: { peers: number; dials: Record<string, number> }

  const dials = async () => {
    const metrics = await portico.metrics()
    const of = (upstream: string) =>
      metricSum(metrics, 'portico_upstream_dials_total', { upstream, result: 'ok' })
    return Object.fromEntries(WAYS.map((name) => [name, of(name)]))
  }

  beforeEach(async () => {
    link ??= portico.link(userOf(road))
    before = { peers: peers().length, dials: await dials() }
    for (const middle of [middleFour, middleSix]) middle.requests.length = 0
  })

  /** It went by this road and by no other. */
  async function expectTheRoad(): Promise<void> {
    const came = peers().slice(before.peers)
    expect(came.length).toBeGreaterThan(0)
    const address = road.family && BOUND[road.upstream]
    // By middle it is the middle proxy that comes.
    if (address && road.via === 'direct') expect(came.every((from) => from.includes(address))).toBe(true)
    const { [road.upstream]: own, ...others } = await dials()
    const { [road.upstream]: ownBefore, ...othersBefore } = before.dials
    expect(others).toEqual(othersBefore)
    if (road.via === 'direct') expect(own).toBeGreaterThan(ownBefore!)
    const tags = requests().map(({ adTag }) => adTag)
    expect(new Set(tags)).toEqual(new Set(road.via === 'middle' ? [TAG] : []))
  }

  test('mtcute: a key, then 1 MiB up and down arrive whole', async () => {
    const client = openMtcute({ route: routeOfLink(link), rsaKey: dataCentre.rsaKey })
    try {
      await client.config()
      const up = await client.upload(MIB, 7)
      expect(await client.download(MIB, 7)).toEqual({ bytes: MIB, sha256: up.sha256 })
      expect(dataCentre.counters().uploads[up.file]).toMatchObject({ bytes: MIB, sha256: up.sha256 })
    } finally {
      await client.close()
    }
    await expectTheRoad()
  })

  test('TDLib gets its answer', async () => {
    expect(await pingProxy(link)).toBeGreaterThan(0)
    await expectTheRoad()
  })
})
