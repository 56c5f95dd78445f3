import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HelloClass } from '../../src/protocol/tls/hello-writer.ts'
import { obfuscate } from '../world/clients/obfuscated-client.ts'
import { retimed } from '../world/clients/retimed.ts'
import { CLASSES, genuineHello, record, strangeHello } from './hellos.ts'
import { type GenuineProbe, type Probe, play, type Script } from './matrix.ts'
import { tlsRecords } from './observed-bytes.ts'
import type { Address } from './probe-client.ts'

const RANDOM = { at: 11, size: 32 }
const CCS = Buffer.from('140303000101', 'hex')
const hex = (text: string) => Buffer.from(text, 'hex')

/** By TDLib's rule: the HMAC over ServerHello, CCS and exactly one encrypted record, with the random zeroed. */
export function isSealed(bytes: Buffer, secret: Buffer, hello: Buffer): boolean {
  const flight = sealedFlight(bytes)
  if (!flight) return false
  const zeroed = Buffer.from(flight).fill(0, RANDOM.at, RANDOM.at + RANDOM.size)
  const clientRandom = hello.subarray(RANDOM.at, RANDOM.at + RANDOM.size)
  const expected = createHmac('sha256', secret).update(clientRandom).update(zeroed).digest()
  return expected.equals(flight.subarray(RANDOM.at, RANDOM.at + RANDOM.size))
}

/** The three records that a client's digest covers, if they are here. */
export function sealedFlight(bytes: Buffer): Buffer | undefined {
  const { records } = tlsRecords(bytes)
  const last = records[2]
  if (!last || records.map(({ type }) => type).join() !== hasOrder(records.length)) return undefined
  const flight = bytes.subarray(0, last.offset + 5 + last.length)
  return flight.length === last.offset + 5 + last.length ? flight : undefined
}

/** ServerHello, CCS, one encrypted record; behind them only what is encrypted too. */
function hasOrder(count: number): string {
  return [0x16, 0x14, ...Array<number>(count - 2).fill(0x17)].join()
}

export const UNKNOWN_DC = 77
export const DEAD_DC = 4
/** Where the dead one is: nobody listens on port 1. */
export const NOBODY = { [DEAD_DC]: [{ host: '127.0.0.1', port: 1 }] }
const DAY_SECONDS = 86_400
/** portico's default window. */
const CLOCK_SKEW_SECONDS = 600

export interface GenuineWorld {
  readonly secret: Buffer
  /** A data centre number without an address, and one whose address refuses. */
  readonly unknownDc: number
  readonly deadDc: number
}

const LENGTHS = [
  1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 31, 32, 40, 52, 53, 54, 62, 63, 64, 65, 66, 69, 80, 100, 119, 120,
  123, 128, 150, 175, 199, 200,
]
const FULL = process.env.PORTICO_PROBES === 'full'
const JUNK_LENGTHS = FULL ? Array.from({ length: 200 }, (_, at) => at + 1) : LENGTHS

/** What is sent once the flight is here. */
function reactions({
  secret,
  unknownDc,
  deadDc,
}: GenuineWorld): readonly (readonly [string, () => Script])[] {
  const init = (dc: number) => {
    const stream = obfuscate({ dc, secret })
    return Buffer.concat([stream.init, stream.seal(randomBytes(100))])
  }
  return [
    ['silence', () => () => {}],
    ['FIN', () => (client) => client.fin()],
    ['RST', () => (client) => client.reset()],
    ...JUNK_LENGTHS.flatMap((length) => [
      sends(`a record of ${length} junk bytes`, () => record(0x17, randomBytes(length))),
      sends(`${length} junk bytes`, () => randomBytes(length)),
    ]),
    sends('an empty record', () => record(0x17, Buffer.alloc(0))),
    sends('an empty record, then junk', () =>
      Buffer.concat([record(0x17, Buffer.alloc(0)), record(0x17, randomBytes(80))]),
    ),
    ...[1, 2, 31, 32, 33, 40].flatMap((count) => [
      sends(`${count} CCS`, () => Buffer.alloc(6 * count, CCS)),
      sends(`${count} CCS, then junk`, () =>
        Buffer.concat([Buffer.alloc(6 * count, CCS), record(0x17, randomBytes(108))]),
      ),
    ]),
    sends('a CCS of another value', () => hex('140303000102')),
    sends('a CCS of two bytes', () => hex('14030300020101')),
    sends('a record of 65,535 bytes', () => Buffer.concat([hex('170303ffff'), randomBytes(300)])),
    sends('a record of 16,641 bytes', () => record(0x17, randomBytes(16_641))),
    sends('a record of 16,640 bytes', () => record(0x17, randomBytes(16_640))),
    sends('a record of version 03 01', () => record(0x17, randomBytes(80), 1)),
    sends('a handshake record', () => record(0x16, randomBytes(80))),
    sends('a second hello', () => strangeHello()),
    sends('a plaintext alert', () => hex('15030300020228')),
    sends('a plaintext close_notify', () => hex('15030300020100')),
    sends('a heartbeat', () => record(0x18, randomBytes(20))),
    sends('plain HTTP', () => Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')),
    sends('half a record', () => record(0x17, randomBytes(200)).subarray(0, 60)),
    sends('a header', () => hex('1703030050')),
    sends('three bytes', () => hex('170303')),
    sends('a CCS and half a record', () =>
      Buffer.concat([CCS, record(0x17, randomBytes(200)).subarray(0, 60)]),
    ),
    plays(
      'half a record, then FIN',
      () => record(0x17, randomBytes(200)).subarray(0, 60),
      (half) => (client) => {
        client.send(half)
        client.fin()
      },
    ),
    plays(
      'a short record, then the rest of 64 bytes',
      () => randomBytes(64),
      (junk) => async (client) => {
        client.send(record(0x17, junk.subarray(0, 20)))
        await sleep(100)
        client.send(record(0x17, junk.subarray(20)))
      },
    ),
    plays(
      'a short record and the rest at once',
      () => randomBytes(64),
      (junk) => (client) =>
        client.send(Buffer.concat([record(0x17, junk.subarray(0, 20)), record(0x17, junk.subarray(20))])),
    ),
    plays(
      'junk in single bytes',
      () => record(0x17, randomBytes(80)),
      (junk) => (client) => client.sendPieces(junk, Array<number>(junk.length).fill(1), 1),
    ),
    plays(
      'junk, again and again',
      () => record(0x17, randomBytes(80)),
      (junk) => async (client) => {
        for (let round = 0; round < 8 && !client.over; round++) {
          client.send(junk)
          await sleep(40)
        }
      },
    ),
    plays(
      'junk, and something after the FIN of the front',
      () => record(0x17, randomBytes(80)),
      (junk) => async (client) => {
        client.send(junk)
        await client.untilFin(4000)
        client.send(junk)
      },
    ),
    sends('a megabyte of junk', () =>
      Buffer.concat(Array.from({ length: 64 }, () => record(0x17, randomBytes(16_384)))),
    ),
    sends('an init for an unknown data centre', () => record(0x17, init(unknownDc))),
    sends('CCS and an init for an unknown data centre', () =>
      Buffer.concat([CCS, record(0x17, init(unknownDc))]),
    ),
    sends('an init for a data centre that is down', () => record(0x17, init(deadDc))),
    sends('CCS and an init for a data centre that is down', () =>
      Buffer.concat([CCS, record(0x17, init(deadDc))]),
    ),
    plays(
      'an init for an unknown data centre, then FIN',
      () => record(0x17, init(unknownDc)),
      (bytes) => (client) => {
        client.send(bytes)
        client.fin()
      },
    ),
    plays(
      'an init for a data centre that is down, then more',
      () => record(0x17, init(deadDc)),
      (bytes) => async (client) => {
        client.send(bytes)
        await sleep(100)
        client.send(record(0x17, randomBytes(100)))
      },
    ),
    sends('an init for an unknown data centre in two records', () => {
      const bytes = init(unknownDc)
      return Buffer.concat([record(0x17, bytes.subarray(0, 20)), record(0x17, bytes.subarray(20))])
    }),
    sends('an init with a wrong tag', () =>
      record(0x17, obfuscate({ dc: 2, secret, tag: randomBytes(4) }).init),
    ),
    sends("an init under another's secret", () =>
      record(0x17, obfuscate({ dc: 2, secret: randomBytes(16) }).init),
    ),
  ]
}

function sends(name: string, make: () => Buffer): readonly [string, () => Script] {
  return plays(name, make, (bytes) => (client) => client.send(bytes))
}

function plays(
  name: string,
  make: () => Buffer,
  script: (bytes: Buffer) => Script,
): readonly [string, () => Script] {
  return [name, () => script(make())]
}

/** All of them after the hello of one class, and the first of them after the others. */
export function genuineProbes(world: GenuineWorld): readonly GenuineProbe[] {
  const all = reactions(world)
  const after = CLASSES.flatMap((name) =>
    all
      .filter(([what]) => name === 'tdlib' || !/\d junk bytes|\d CCS/.test(what))
      .map(([what, make]) => afterFlight(name, what, make, world)),
  )
  return [...after, ...CLASSES.map((name) => withFin(name, world))]
}

function withFin(name: HelloClass, { secret }: GenuineWorld): GenuineProbe {
  return {
    name: `${name}: FIN with the hello`,
    make: () => {
      const hello = genuineHello(secret, { class: name })
      const script: Script = (client) => {
        client.send(hello)
        client.fin()
      }
      return { script, sealed: (bytes) => isSealed(bytes, secret, hello) }
    },
  }
}

function afterFlight(
  name: HelloClass,
  what: string,
  make: () => Script,
  { secret }: GenuineWorld,
): GenuineProbe {
  return {
    name: `${name}: ${what}`,
    make: () => {
      const hello = genuineHello(secret, { class: name })
      const script = make()
      return {
        script: async (client) => {
          client.send(hello)
          await client.quiet()
          await script(client)
        },
        sealed: (bytes) => isSealed(bytes, secret, hello),
      }
    },
  }
}

/** Replays of hellos that portico has answered, enough of each that every worker meets it; and hellos of other times. */
export async function usedUpProbes(portico: Address, secret: Buffer): Promise<Probe[]> {
  const used = await useUpEach(portico, secret)
  const now = Math.floor(Date.now() / 1000)
  const times: readonly (readonly [string, number])[] = [
    ['too old', now - CLOCK_SKEW_SECONDS - 60],
    ['too new', now + CLOCK_SKEW_SECONDS + 60],
    ['a day old', now - DAY_SECONDS],
    ['counted from the boot', 3600],
    ['at zero', 0],
  ]
  return [
    ...earlyProbes(secret),
    ...used.flatMap(replayProbes),
    ...times.map(([name, unixSeconds]) =>
      sendsAgain(`hello ${name}`, genuineHello(secret, { unixSeconds }), 0),
    ),
  ]
}

/** A genuine hello with something behind it in one segment, as no client sends it: the front's from the first byte. */
function earlyProbes(secret: Buffer): Probe[] {
  const rows: readonly (readonly [string, () => Buffer])[] = [
    ['a junk record', () => record(0x17, randomBytes(120))],
    ['a CCS', () => CCS],
    ['garbage', () => randomBytes(40)],
    ['itself', () => genuineHello(secret)],
  ]
  return rows.map(([what, make]) => ({
    name: `genuine hello and ${what} in one segment`,
    make: () => {
      const bytes = Buffer.concat([genuineHello(secret), make()])
      return (client) => client.send(bytes)
    },
  }))
}

/** A hello that portico has had, with the present time. */
interface UsedHello {
  readonly name: string
  readonly hello: Buffer
}

/** One of each class that was answered, and one that was not, because its clock was wrong: both can be captured. */
export async function useUpEach(portico: Address, secret: Buffer): Promise<UsedHello[]> {
  const used = await Promise.all(CLASSES.map((name) => useUp(name, portico, secret)))
  const now = Math.floor(Date.now() / 1000)
  const dayOld = genuineHello(secret, { unixSeconds: now - DAY_SECONDS })
  if (await isLetIn(dayOld, portico, secret)) throw new Error('a hello of yesterday was answered by portico')
  return [
    ...used.map((hello, at) => ({ name: `${CLASSES[at]} hello`, hello })),
    { name: 'hello of yesterday', hello: retimed(dayOld, (now - DAY_SECONDS) ^ now) },
  ]
}

/** Copies as they are, and with other times in the clock window: a second to four minutes off. */
export function replayProbes({ name, hello }: UsedHello): Probe[] {
  const again = Array.from({ length: REPLAYS }, (_, round) =>
    sendsAgain(`${name} replayed, ${round + 1}`, hello, round),
  )
  const otherwise = Array.from({ length: OTHER_TIMES }, (_, bit) =>
    sendsAgain(`${name} replayed with another time, ${2 ** bit} s`, retimed(hello, 2 ** bit), bit),
  )
  return [...again, ...otherwise]
}

const OTHER_TIMES = 9

/** That all of these go to one of two workers happens once in a million. */
const REPLAYS = 20
const FIRST_TRIES = 4

async function useUp(name: HelloClass, portico: Address, secret: Buffer): Promise<Buffer> {
  for (let tries = 0; tries < FIRST_TRIES; tries++) {
    const hello = genuineHello(secret, { class: name })
    if (await isLetIn(hello, portico, secret)) return hello
  }
  throw new Error(`the first use of a hello was not answered by portico, ${FIRST_TRIES} times`)
}

/** Whether the answer to it is portico's: one user among many is not found in time now and then. */
export async function isLetIn(hello: Buffer, portico: Address, secret: Buffer): Promise<boolean> {
  const { bytes } = await play(
    async (client) => {
      client.send(hello)
      await client.quiet()
      client.reset()
    },
    portico,
    5000,
  )
  return isSealed(bytes, secret, hello)
}

/** As it is, with junk after the flight, with FIN, in segments. */
function sendsAgain(name: string, hello: Buffer, round: number): Probe {
  const scripts: readonly [string, Script][] = [
    ['', (client) => client.send(hello)],
    [
      ', then junk',
      async (client) => {
        client.send(hello)
        await client.quiet()
        client.send(record(0x17, Buffer.alloc(120, 0x5a)))
      },
    ],
    [
      ', FIN',
      (client) => {
        client.send(hello)
        client.fin()
      },
    ],
    [', in segments', (client) => client.sendPieces(hello, [200, 300], 20)],
  ]
  const [how, script] = scripts[round % scripts.length]!
  return { name: `${name}${how}`, make: () => script }
}
