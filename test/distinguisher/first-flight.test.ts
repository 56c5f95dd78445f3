// needs: nginx openssl
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CLIENT_CLASSES, type ClientClass } from '../../bench/distinguisher/collect/client-class.ts'
import { keepAliveDifferences, keepsAlive } from '../../bench/distinguisher/collect/keep-alive.ts'
import { type FrontName, type Subject, startSubject } from '../../bench/distinguisher/collect/subject.ts'
import { startDefectiveRelay } from '../../bench/distinguisher/defects/defective-relay.ts'
import { measureClass } from '../../bench/distinguisher/measure.ts'
import { seeded } from '../../bench/distinguisher/statistics/random.ts'
import { Taps } from '../../bench/distinguisher/tap/tap.ts'
import { FakeDataCentre } from '../world/data-centre/fake-data-centre.ts'

/** Layer 1 and the tests of layer 2, small enough for every change; `npm run distinguish` has the rest. */
const ROUNDS = 20
const LAYERS = { exact: true, twoSample: true, classifiers: false, comparisons: 8 }
const CLASSES = Object.keys(CLIENT_CLASSES) as ClientClass[]

let taps: Taps
let dataCentre: FakeDataCentre

beforeAll(async () => {
  taps = new Taps()
  dataCentre = await FakeDataCentre.start()
})

afterAll(async () => {
  await taps.stop()
  await dataCentre.stop()
})

async function before(name: FrontName, use: (subject: Subject) => Promise<void>): Promise<void> {
  const { host, port } = dataCentre
  const subject = await startSubject(name, taps, { dataCentre: { host, port }, workers: 2 })
  try {
    await use(subject)
  } finally {
    await subject.stop()
  }
}

test('before Bun no fact of the first flight differs for any hello, nor does keep-alive', () =>
  before('bun', async (subject) => {
    for (const clientClass of CLASSES) {
      const { exact, twoSample, likelihoods } = await measureClass(
        subject,
        clientClass,
        ROUNDS,
        LAYERS,
        seeded(1),
      )
      expect({ clientClass, differences: exact }).toEqual({
        clientClass,
        differences: { nothing: [], portico: [] },
      })
      expect(twoSample?.portico.rejected).toEqual([])
      const offersMlKem = !clientClass.startsWith('ios')
      expect(likelihoods.portico).toHaveLength(offersMlKem ? ROUNDS : 0)
    }
    expect(await keepAliveDifferences(subject)).toEqual([])
    const relay = await startDefectiveRelay(subject.front.endpoint, { keepAlive: true })
    expect(await keepsAlive(relay)).toBe(true)
    relay.stop()
  }))

/** What a client that takes one encrypted record makes inevitable; nothing else may differ. */
const MERGED = ['encrypted record 1', 'encrypted record 2', 'encrypted record 3', 'encrypted record 4']

test('before nginx nothing differs but that its encrypted records are one', () =>
  before('nginx', async (subject) => {
    const { exact } = await measureClass(subject, 'tdlib-144', ROUNDS, LAYERS, seeded(1))
    expect(exact?.nothing).toEqual([])
    const what = exact!.portico.map((difference) => difference.what).filter((name) => !MERGED.includes(name))
    expect(what).toEqual(['record types', 'encrypted records'])
    expect(await keepAliveDifferences(subject)).toEqual([])
  }))
