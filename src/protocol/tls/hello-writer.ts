import { Buffer } from 'node:buffer'
import { createHmac, type KeyObject } from 'node:crypto'
import { CLIENT_HELLO, RANDOM_AT, RANDOM_SIZE, RECORD_HEADER, SERVER_NAME } from './constants.ts'
import { type HelloClass, type HelloLayout, LAYOUTS } from './hello-layout.ts'
import { mlKem768Share, x25519Share } from './key-share.ts'

export { type HelloClass, helloClass } from './hello-layout.ts'

const ECH_SIZES = [144, 176, 208, 240] as const

export interface HelloOptions {
  class: HelloClass
  /** undefined: a hello without SNI, as some iOS clients send it. */
  domain: string | undefined
  /** Bytes of the ECH payload, else drawn; only 'tdlib' sends one. */
  ech?: (typeof ECH_SIZES)[number]
  /** 32 bytes, else drawn. */
  clientRandom?: Buffer
  /** With it the random is this secret's digest over the hello, carrying `unixSeconds`. */
  secret?: KeyObject | Uint8Array
  unixSeconds?: number
}

type Random = (n: number) => Buffer

/** A ClientHello in one record, as the clients of that class send it. */
export function writeClientHello(o: HelloOptions, random: Random): Buffer {
  const layout = LAYOUTS[o.class]
  const fill = fields(o, random)
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(RANDOM_SIZE),
    vector(1, random(32)),
    vector(2, fill(pick(layout.cipherSuites, random))),
    Buffer.from([1, 0]),
  ])
  const headers = RECORD_HEADER + 4 + body.length + 2
  const extensions = pad(
    writeExtensions(layout, o.domain !== undefined, fill, random),
    headers,
    layout.paddedTo,
  )
  const message = Buffer.concat([
    Buffer.from([CLIENT_HELLO]),
    vector(3, Buffer.concat([body, vector(2, extensions)])),
  ])
  const record = Buffer.concat([Buffer.from([0x16, 0x03, 0x01]), vector(2, message)])
  record.set(helloRandom(o, record, random), RANDOM_AT)
  return record
}

function helloRandom(o: HelloOptions, zeroed: Buffer, random: Random): Buffer {
  if (o.secret === undefined) return o.clientRandom ?? random(RANDOM_SIZE)
  const digest = createHmac('sha256', o.secret).update(zeroed).digest()
  const clock = (digest.readUInt32LE(28) ^ (o.unixSeconds ?? 0)) >>> 0
  digest.writeUInt32LE(clock, 28)
  return digest
}

function writeExtensions(layout: HelloLayout, named: boolean, fill: Fill, random: Random): Buffer {
  const written = layout.extensions
    .filter(([type]) => named || type !== NAME_TYPE)
    .map(([type, ...bodies]) => Buffer.concat([fill(type), vector(2, fill(pick(bodies, random)))]))
  if (!layout.shuffled) return Buffer.concat(written)
  return Buffer.concat([written[0]!, ...shuffle(written.slice(1, -1), random), written.at(-1)!])
}

const NAME_TYPE = SERVER_NAME.toString(16).padStart(4, '0')

/** Extension 0015 fills the record up to `size`; where its own header would already pass that, it is left out. */
function pad(extensions: Buffer, headers: number, size: number): Buffer {
  const room = size - headers - extensions.length - 4
  return room > 0
    ? Buffer.concat([extensions, Buffer.from([0x00, 0x15]), vector(2, Buffer.alloc(room))])
    : extensions
}

type Fill = (field: string) => Buffer

/** The words of a layout, for one hello. */
function fields(o: HelloOptions, random: Random): Fill {
  const grease = greaseValues(random(7))
  const words: Record<string, () => Buffer> = {
    sni: () => vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(o.domain ?? '', 'latin1'))])),
    kem: () => mlKem768Share(random),
    x25519: () => x25519Share(random),
    r1: () => random(1),
    r32: () => random(32),
    ech: () => vector(2, random(o.ech ?? pick(ECH_SIZES, random))),
  }
  const word = (text: string) => {
    if (text.startsWith('G')) return Buffer.alloc(2, grease[Number(text.slice(1))])
    return words[text]?.() ?? Buffer.from(text, 'hex')
  }
  return (field) => Buffer.concat(field.split(' ').map(word))
}

/** TDLib's draw: 0x?a bytes, each sent twice; of a pair (0, 1), (2, 3) … the second differs from the first. */
function greaseValues(draw: Buffer): Buffer {
  const values = draw.map((byte) => (byte & 0xf0) | 0x0a) as Buffer
  for (let i = 1; i < values.length; i += 2) {
    if (values[i] === values[i - 1]) values[i]! ^= 0x10
  }
  return values
}

function vector(width: 1 | 2 | 3, content: Buffer): Buffer {
  const length = Buffer.alloc(width)
  length.writeUIntBE(content.length, 0, width)
  return Buffer.concat([length, content])
}

function below(limit: number, random: Random): number {
  return random(4).readUInt32LE(0) % limit
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices.length === 1 ? choices[0]! : choices[below(choices.length, random)]!
}

function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1, random)
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items
}
