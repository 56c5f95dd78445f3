import { randomBytes } from 'node:crypto'
import { CLASSES, record, strangeHello } from './hellos.ts'
import type { Probe, Script } from './matrix.ts'

/** All of a sweep, in place of the sample that every test run takes. */
const FULL = process.env.PORTICO_PROBES === 'full'

const MAX_RANDOM = 600
const DENSE = 80
const STRIDE = 37

/** 0…80 and every 37th after that; all of them in a full run. */
function sampled(end: number): number[] {
  return range(end + 1).filter((n) => FULL || n <= DENSE || n % STRIDE === 0)
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, n) => n)
}

const waits =
  (bytes: Buffer): Script =>
  (client) =>
    client.send(bytes)
const ends =
  (bytes: Buffer): Script =>
  (client) => {
    client.send(bytes)
    client.fin()
  }

/** 0 to 600 random bytes: bare, with the beginning of a TLS record, with FIN behind them. */
export const LENGTHS: readonly Probe[] = sampled(MAX_RANDOM).flatMap((length) => [
  { name: `${length} random bytes`, make: () => waits(randomBytes(length)) },
  { name: `${length} random bytes and FIN`, make: () => ends(randomBytes(length)) },
  {
    name: `handshake record of ${length} random bytes`,
    make: () => waits(record(0x16, randomBytes(length), 1)),
  },
])

/** A hello cut at every byte, then nothing or FIN. */
export const CUTS: readonly Probe[] = CLASSES.flatMap((name) =>
  sampled(strangeHello({ class: name }).length - 1)
    .filter((cut) => FULL || name === 'legacy' || cut > DENSE || cut % 10 === 0)
    .flatMap((cut) => [
      {
        name: `${name} hello cut at ${cut}`,
        make: () => waits(strangeHello({ class: name }).subarray(0, cut)),
      },
      {
        name: `${name} hello cut at ${cut}, FIN`,
        make: () => ends(strangeHello({ class: name }).subarray(0, cut)),
      },
    ]),
)
