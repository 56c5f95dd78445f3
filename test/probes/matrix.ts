import { setTimeout as sleep } from 'node:timers/promises'
import { describeBytes, mergeFlight } from './observed-bytes.ts'
import { type Address, type Observation, ProbeClient } from './probe-client.ts'

/** What the prober does; it may return early, the observation goes on until the end of the connection. */
export type Script = (client: ProbeClient) => Promise<void> | void

export interface Probe {
  readonly name: string
  /** A script with bytes of its own for each attempt; the same one is played to both. */
  readonly make: () => Script
}

/** A probe whose hello is authentic: what portico answers must be sealed for it, and is otherwise the front's. */
export interface GenuineProbe {
  readonly name: string
  readonly make: () => { readonly script: Script; readonly sealed: (bytes: Buffer) => boolean }
}

export interface Pair {
  /** The front, or what stands for it. */
  readonly direct: Address
  /** The same front behind portico. */
  readonly portico: Address
  /** Milliseconds after which the front has ended every silent connection. */
  readonly patience: number
  /** Encrypted records of the front's flight. */
  readonly flightRecords: number
  /** Pairs of connections at a time; default 200, as most of them only wait. */
  readonly atOnce?: number
}

export interface Difference {
  readonly probe: string
  readonly direct: string
  readonly portico: string
}

/** A front differs from itself now and then (a reset that overtakes an alert, a coarse timer): then both are asked again. */
const ATTEMPTS = 4
const AT_ONCE = 200
/** Of two ends, for what happens at once as for the front's own timers. */
const SAME_TIME = 1000

/** Records of this length and more may hold a signature, whose two numbers lose a byte now and then (DER). */
const SIGNED = /(?<=(?:data|handshake) )([6-9]\d|\d{3,})\b/g
const SIGNATURE_VARIES = 3

interface Played {
  readonly direct: Observation
  readonly portico: Observation
  readonly fault?: string
}

/** The rows that differ. */
export function compareStrangers(probes: readonly Probe[], pair: Pair): Promise<Difference[]> {
  return compareAll(probes, pair, 1, async ({ make }) => {
    const script = make()
    const [direct, portico] = await both(script, pair)
    return { direct, portico }
  })
}

/** As `compareStrangers`; besides, each answer of portico must be sealed. */
export function compareGenuine(probes: readonly GenuineProbe[], pair: Pair): Promise<Difference[]> {
  return compareAll(probes, pair, pair.flightRecords, async ({ make }) => {
    const { script, sealed } = make()
    const [direct, portico] = await both(script, pair)
    return { direct, portico, ...(!sealed(portico.bytes) && { fault: 'not sealed' }) }
  })
}

async function both(
  script: Script,
  { direct, portico, patience }: Pair,
): Promise<[Observation, Observation]> {
  // Side by side, because some fronts have one coarse clock for all their connections.
  return Promise.all([play(script, direct, patience), play(script, portico, patience)])
}

export async function play(script: Script, to: Address, patience: number): Promise<Observation> {
  const client = new ProbeClient(to)
  await script(client)
  return client.observe(patience)
}

async function compareAll<P extends { readonly name: string }>(
  probes: readonly P[],
  { flightRecords, atOnce = AT_ONCE }: Pair,
  merge: number,
  attempt: (probe: P) => Promise<Played>,
): Promise<Difference[]> {
  const differences: Difference[] = []
  const waiting = [...probes]
  const worker = async () => {
    for (let probe = waiting.shift(); probe; probe = waiting.shift()) {
      const difference = await compare(probe, merge === 1 ? 1 : flightRecords, attempt)
      if (difference) differences.push(difference)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, (_, at) => sleep(at * 4).then(worker)))
  return differences
}

async function compare<P extends { readonly name: string }>(
  probe: P,
  merge: number,
  attempt: (probe: P) => Promise<Played>,
): Promise<Difference | undefined> {
  const seen: Seen[] = []
  let last: Difference | undefined
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    const { direct, portico, fault } = await attempt(probe)
    const directText = describe(direct.end, mergeFlight(direct.bytes, merge))
    const porticoText = describe(portico.end, portico.bytes)
    seen.push({ text: directText, at: direct.at })
    const equal = seen.some((one) => sameEnd(one, { text: porticoText, at: portico.at }))
    if (equal && fault === undefined) return undefined
    last = {
      probe: probe.name,
      direct: `${directText} at ${seconds(direct.at)}`,
      portico: `${porticoText} at ${seconds(portico.at)}${fault ? `, ${fault}` : ''}`,
    }
    unsteady.push(last)
  }
  return last
}

interface Seen {
  readonly text: string
  readonly at: number
}

function sameEnd(one: Seen, other: Seen): boolean {
  return Math.abs(one.at - other.at) <= SAME_TIME && sameText(one.text, other.text)
}

/** Equal, but for the length of the records that may hold an ECDSA signature. */
function sameText(one: string, other: string): boolean {
  const [lengths, otherLengths] = [one, other].map((text) =>
    [...text.matchAll(SIGNED)].map(([, n]) => Number(n)),
  )
  return (
    one.replace(SIGNED, '') === other.replace(SIGNED, '') &&
    lengths!.every((length, at) => Math.abs(length - otherLengths![at]!) <= SIGNATURE_VARIES)
  )
}

/** Rows that differed at some attempt, for looking into by hand: what is here often is not chance. */
export const unsteady: Difference[] = []

function describe(end: string, bytes: Buffer): string {
  return [...describeBytes(bytes), end].join(' · ')
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}

/** For the message of a failed expectation. */
export function table(front: string, differences: readonly Difference[]): string {
  const rows = differences.map(
    ({ probe, direct, portico }) => `  ${probe}\n    direct  ${direct}\n    portico ${portico}`,
  )
  return `${differences.length} rows differ before ${front}:\n${rows.join('\n')}`
}
