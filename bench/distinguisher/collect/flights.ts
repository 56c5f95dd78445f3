import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { type FirstFlight, firstFlight } from '../features/first-flight.ts'
import type { Observed } from '../layers/classify.ts'
import { type Random, shuffled } from '../statistics/random.ts'
import { RecordReader } from '../tap/record-reader.ts'
import type { Address, Tap } from '../tap/tap.ts'
import { type ClientClass, helloOf } from './client-class.ts'
import { helloAndFlight, ownAddress } from './hello-and-flight.ts'
import { DOMAIN, SECRET, type Subject } from './subject.ts'

/** Where a hello goes, and under which name its flight is kept. */
export interface Arm {
  readonly name: string
  readonly tap: Tap
  /** How many encrypted records its flight has. */
  readonly encryptedRecords: number
}

export type Flights = Map<string, Observed<FirstFlight>[]>

/** Stretches of a run; classifiers are trained on some and tested on others. */
const GROUPS = 20

/**
 * So many flights of each arm for one class of hello, one connection at a time; in each round every arm has one, in an order
 * drawn anew. A connection that fails is made again, at most once in ten rounds.
 * @throws when more fail
 */
export async function collectFlights(
  arms: readonly Arm[],
  clientClass: ClientClass,
  rounds: number,
  random: Random,
): Promise<Flights> {
  const flights: Flights = new Map(arms.map(({ name }) => [name, []]))
  let failures = 0
  for (let round = 0; round < rounds; round++) {
    for (const arm of shuffled(arms, random)) {
      const group = Math.floor((round * GROUPS) / rounds)
      const value = await retried(
        () => oneFlight(arm, clientClass),
        () => ++failures <= rounds / 10,
      )
      flights.get(arm.name)!.push({ value, group })
    }
  }
  return flights
}

/** Handshakes that are not looked at: a server that has just started runs code that its runtime has not translated yet. */
export async function warmUp(
  { front, portico }: Subject,
  clientClass: ClientClass,
  rounds: number,
): Promise<void> {
  const records = await countEncryptedRecords(front.endpoint, clientClass)
  let failures = 0
  const shake = (to: Address, count: number) =>
    retried(
      () => helloAndFlight(to, helloOf(clientClass, DOMAIN, SECRET, randomBytes), count),
      () => ++failures <= rounds / 10,
    )
  for (let round = 0; round < rounds; round++) {
    await shake(front.endpoint, records)
    await shake(portico, 1)
  }
}

async function oneFlight({ tap, encryptedRecords }: Arm, clientClass: ClientClass): Promise<FirstFlight> {
  const hello = helloOf(clientClass, DOMAIN, SECRET, randomBytes)
  const { clientPort } = await helloAndFlight(tap, hello, encryptedRecords)
  return firstFlight(await tap.flow(clientPort))
}

export async function retried<T>(attempt: () => Promise<T>, mayRetry: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayRetry()) throw error
    }
  }
}

const QUIET = 200

/** Encrypted records that come for a hello before the server falls silent. */
export function countEncryptedRecords({ host, port }: Address, clientClass: ClientClass): Promise<number> {
  return new Promise((resolve, reject) => {
    const reader = new RecordReader()
    const socket = connect({ host, port, localAddress: ownAddress() })
    let count = 0
    let quiet: NodeJS.Timeout | undefined
    const done = () => {
      socket.resetAndDestroy()
      resolve(count)
    }
    socket.on('connect', () => socket.write(helloOf(clientClass, DOMAIN, SECRET, randomBytes)))
    socket.on('data', (bytes: Buffer) => {
      count += reader.push(bytes).filter(({ type }) => type === 0x17).length
      clearTimeout(quiet)
      quiet = setTimeout(done, QUIET)
    })
    socket.on('error', reject)
    socket.on('end', () => reject(new Error('the server ended instead of answering')))
  })
}
