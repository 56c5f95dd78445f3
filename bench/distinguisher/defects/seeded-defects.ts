import type { ClientClass } from '../collect/client-class.ts'
import { type Arm, collectFlights, type Flights } from '../collect/flights.ts'
import { userFlow } from '../collect/flows.ts'
import { keepsAlive } from '../collect/keep-alive.ts'
import type { Plan } from '../collect/plan.ts'
import type { Subject } from '../collect/subject.ts'
import type { FirstFlight } from '../features/first-flight.ts'
import { flightFeatures, timingFeatures } from '../features/flight-features.ts'
import { recordSizes, serverDirection } from '../features/flow-features.ts'
import { type Observed, tellApart } from '../layers/classify.ts'
import { exactDifferences, foreignValues } from '../layers/exact.ts'
import { type Random, seeded } from '../statistics/random.ts'
import type { Flow } from '../tap/flow.ts'
import type { Tap, Taps } from '../tap/tap.ts'
import { FLIGHT_DEFECTS, type FlightDefectName } from './defect.ts'
import { type RelayOptions, startDefectiveRelay } from './defective-relay.ts'

/** A fault that was put in, and what the instrument says of it. */
export interface DefectResult {
  readonly name: string
  readonly layer: string
  /** Absent where the layer is an exact one. */
  readonly auc?: number
  readonly found: boolean
  /** Why it could not be put in. */
  readonly impossible?: string
}

export const FOUND_AT = 0.95
/** TLS records of the size that one proxy had, which no TLS stack sends. */
const FOREIGN_RECORD = 16_379
const CLASS: ClientClass = 'tdlib-144'

/** Which layer must find each. */
const LAYERS: Record<Exclude<FlightDefectName, 'none'>, 'flight' | 'timing' | 'exact'> = {
  'random ML-KEM share': 'flight',
  'size ± 100 bytes': 'flight',
  'constant byte': 'exact',
  'delay of 8–24 ms': 'timing',
  'split flight': 'flight',
}

/** Behind relays with one known fault each; `none` among them, which must not be found. */
export async function seededDefects(
  subject: Subject,
  taps: Taps,
  encryptedRecords: number,
  rounds: number,
  random: Random,
): Promise<DefectResult[]> {
  const names = Object.keys(FLIGHT_DEFECTS) as FlightDefectName[]
  const arms: Arm[] = []
  const relays: { stop(): void }[] = []
  for (const name of names) {
    const relay = await startDefectiveRelay(subject.front.endpoint, { flight: name })
    relays.push(relay)
    arms.push({ name, tap: await taps.before(relay), encryptedRecords })
  }
  const flights = await collectFlights(arms, CLASS, rounds, random)
  for (const relay of relays) relay.stop()
  const judged = names.flatMap((name) => (name === 'none' ? [] : judge(name, flights)))
  return [...judged, ...(await otherDefects(subject, taps, rounds, random))]
}

function judge(name: Exclude<FlightDefectName, 'none'>, flights: Flights): DefectResult {
  const [sound, faulty] = [flights.get('none')!, flights.get(name)!]
  const layer = LAYERS[name]
  if (name === 'random ML-KEM share' && !offersMlKem(sound)) {
    return { name, layer: 'first flight', found: false, impossible: 'the front offers no ML-KEM' }
  }
  if (layer === 'exact') {
    const found = exactDifferences(values(sound), values(faulty)).some(({ what }) => what.startsWith('bytes'))
    return { name, layer: 'exact sets', found }
  }
  const features = layer === 'flight' ? flightFeatures : ({ timing }: FirstFlight) => timingFeatures(timing)
  const { auc } = tellApart(sound, faulty, features).combined
  const exactly = exactDifferences(values(sound), values(faulty)).length > 0
  const by =
    layer === 'flight' ? 'first flight' : `timing (with 5 ms of jitter ${jittered(sound, faulty).toFixed(3)})`
  return { name, layer: exactly ? `${by}, exact sets` : by, auc, found: auc >= FOUND_AT || exactly }
}

/** What a network leaves of it; not judged, because it depends on how busy this machine is. */
function jittered(sound: readonly Observed<FirstFlight>[], faulty: readonly Observed<FirstFlight>[]): number {
  const jitter = seeded(9)
  return tellApart(sound, faulty, ({ timing }) => timingFeatures(timing, jitter)).combined.auc
}

function values(flights: readonly Observed<FirstFlight>[]): FirstFlight[] {
  return flights.map(({ value }) => value)
}

function offersMlKem(flights: readonly Observed<FirstFlight>[]): boolean {
  return flights.some(({ value }) => value.continuous['ML-KEM likelihood'] !== undefined)
}

async function otherDefects(
  { portico, front }: Subject,
  taps: Taps,
  rounds: number,
  random: Random,
): Promise<DefectResult[]> {
  const behind = async <T>(
    to: Subject['front']['endpoint'] | typeof portico,
    options: RelayOptions,
    use: (relay: Tap) => Promise<T>,
  ) => {
    const relay = await startDefectiveRelay(to, options)
    const result = await use(await taps.before(relay))
    relay.stop()
    return result
  }
  const quarter = Math.ceil(rounds / 4)
  const sound = await behind(portico, {}, (tap) => downloads(tap, quarter, random))
  const faulty = await behind(portico, { largestRecord: FOREIGN_RECORD }, (tap) =>
    downloads(tap, quarter, random),
  )
  const { auc } = tellApart(sound, faulty, serverDirection).combined
  const sizes = foreignSizes(sound, faulty)
  const relay = await startDefectiveRelay(front.endpoint, { keepAlive: true })
  const kept = await keepsAlive(relay)
  const own = await keepsAlive(front.endpoint)
  relay.stop()
  return [
    { name: 'records of 16,379 bytes', layer: 'record sizes, exact', auc, found: sizes },
    own
      ? { name: 'keep-alive on', layer: 'exact sets', found: false, impossible: 'the front has it on itself' }
      : { name: 'keep-alive on', layer: 'exact sets', found: kept },
  ]
}

function foreignSizes(sound: readonly Observed<Flow>[], faulty: readonly Observed<Flow>[]): boolean {
  const all = (flows: readonly Observed<Flow>[]) => flows.flatMap(({ value }) => recordSizes(value))
  return foreignValues('record', all(sound), all(faulty)).some(({ other }) =>
    other.includes(`${FOREIGN_RECORD}`),
  )
}

const GROUPS = 20
const BULK: Plan = { talks: 1, bulk: 1_048_576, pauses: [0] }

/** Downloads of users, in which the largest records show. */
async function downloads(tap: Tap, rounds: number, random: Random): Promise<Observed<Flow>[]> {
  const flows: Observed<Flow>[] = []
  for (let round = 0; round < rounds; round++) {
    flows.push({ value: await userFlow(tap, random, BULK), group: round % GROUPS })
  }
  return flows
}
