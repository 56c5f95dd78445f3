import { test } from 'vitest'
import { readServerFlight, type ServerFlight } from '../../src/protocol/tls/server-flight.ts'
import { isSealed } from './genuine.ts'
import { CLASSES, genuineHello, inEqualRecords } from './hellos.ts'
import { play } from './matrix.ts'
import type { Address } from './probe-client.ts'
import { type FrontName, inScene, type Scene } from './scene.ts'

const ROUNDS = 8
/** Both numbers of an ECDSA signature lose a byte now and then (DER). */
const SIGNATURE_VARIES = 3
const INNER_HEADER = Buffer.from('170303', 'hex')

interface Answered {
  readonly bytes: Buffer
  readonly flight: ServerFlight
}

/** What came for a hello until nothing more did; it must be one whole flight and no byte more. */
async function answer(hello: Buffer, to: Address, records: number): Promise<Answered> {
  const { bytes } = await play(
    async (client) => {
      client.send(hello)
      await client.quiet(250)
      client.reset()
    },
    to,
    5000,
  )
  const reading = readServerFlight(bytes, records)
  if (reading.state !== 'complete') throw new Error(`no flight: ${JSON.stringify(reading)}`)
  return { bytes, flight: reading.flight }
}

interface Both {
  readonly direct: Answered
  readonly ours: Answered
}

/** The same hellos of every class at both, some in two records; the digest is over the whole under one header. */
function answers({ pair, secret }: Scene): Promise<Both[]> {
  const rounds = CLASSES.flatMap((name) => Array.from({ length: ROUNDS }, (_, round) => ({ name, round })))
  return Promise.all(
    rounds.map(async ({ name, round }) => {
      const hello = genuineHello(secret, { class: name })
      const sent = round % 4 === 3 ? inEqualRecords(hello, 2) : hello
      const direct = await answer(sent, pair.direct, pair.flightRecords)
      const ours = await answer(sent, pair.portico, 1)
      if (!isSealed(ours.bytes, secret, hello)) throw new Error(`not sealed: ${name} hello, round ${round}`)
      return { direct, ours }
    }),
  )
}

test.concurrent('before Bun the first flight is what Bun itself gives to the same hello', ({ expect }) =>
  inScene('Bun', {}, async (scene) => {
    for (const { direct, ours } of await answers(scene)) {
      expect(ours.flight.serverHello).toEqual(direct.flight.serverHello)
      expect(ours.flight.encrypted).toHaveLength(1)
      const [one, other] = [direct, ours].map(({ flight }) => flight.encrypted[0]!.length)
      expect(Math.abs(one! - other!)).toBeLessThanOrEqual(SIGNATURE_VARIES)
      expect(ours.bytes).toHaveLength(ours.flight.length)
    }
  }))

test.concurrent.for(['nginx', 'Caddy'] as FrontName[])(
  'before %s it is one record of the same total, with no header left inside',
  (name, { expect }) =>
    inScene(name, {}, async (scene) => {
      for (const { direct, ours } of await answers(scene)) {
        expect(direct.flight.encrypted.length).toBeGreaterThan(1)
        expect(ours.flight.serverHello).toEqual(direct.flight.serverHello)
        expect(ours.flight.encrypted).toHaveLength(1)
        expect(Math.abs(ours.bytes.length - direct.bytes.length)).toBeLessThanOrEqual(SIGNATURE_VARIES)
        expect(ours.bytes).toHaveLength(ours.flight.length)
        for (const { offset } of direct.flight.encrypted.slice(1)) {
          // The signature stands before some of them, so the offset may be a few bytes off.
          for (let at = offset - SIGNATURE_VARIES; at <= offset + SIGNATURE_VARIES; at++) {
            expect(ours.bytes.subarray(at, at + 3)).not.toEqual(INNER_HEADER)
          }
        }
      }
    }),
)
