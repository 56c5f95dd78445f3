import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, seededRandom, vectors } from '../../../test/vectors/vectors.ts'
import { FrameReader as WorldReader } from '../../../test/world/data-centre/framing.ts'
import type { Transport } from '../obfuscated2.ts'
import { messageKind } from './client-message.ts'
import { FrameReader } from './frame-reader.ts'
import { MAX_PADDING, writeFrame, writeQuickAck } from './frame-writer.ts'

const TRANSPORTS = ['abridged', 'intermediate', 'padded'] as const
const MIB = 2 ** 20

interface Frame {
  readonly payload: Buffer
  readonly quickAck: boolean
}

function ours(name: string): Transport {
  return name === 'padded_intermediate' ? 'padded' : (name as Transport)
}

function readAll(reader: FrameReader, parts: readonly Uint8Array[]) {
  const frames: Frame[] = []
  let fault: string | undefined
  for (const part of parts) {
    const shared = Buffer.from(part)
    fault = reader.read(shared, (payload, quickAck) =>
      frames.push({ payload: Buffer.from(payload), quickAck }),
    )
    shared.fill(0xa5)
  }
  return { frames, fault }
}

/** Client's side of a frame, with the bit that asks for a quick ack. */
function clientFrame(
  transport: Transport,
  { payload, quickAck }: Frame,
  padding: Buffer = Buffer.alloc(0),
): Buffer {
  const plain =
    transport === 'padded'
      ? Buffer.concat([writeFrame('intermediate', Buffer.concat([payload, padding]), seededRandom('x'))])
      : writeFrame(transport, payload, seededRandom('x'))
  if (quickAck) {
    const at = transport === 'abridged' ? 0 : 3
    plain[at] = plain[at]! | 0x80
  }
  return plain
}

function cut(wire: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < wire.length; i++) {
    const end = at + (sizes[i % sizes.length] ?? wire.length)
    parts.push(wire.subarray(at, end))
    at = end
  }
  return parts
}

describe('frames of a client', () => {
  test.each(vectors.framing_headers)('$transport, $payload_length bytes', (vector) => {
    const { payload_length: length, header } = vector
    const transport = ours(vector.transport)
    const padding = 'padding' in vector ? Buffer.alloc(vector.padding) : Buffer.alloc(0)
    const payload = seededRandom('payload')(length)
    const plain = readAll(new FrameReader(transport, MIB), [hex(header), payload, padding])
    const forwarded = 'proxy_forwards_length' in vector ? vector.proxy_forwards_length : length
    expect(plain.frames).toHaveLength(1)
    expect(plain.frames[0]!.payload.length).toBe(forwarded)
    expect(plain.frames[0]!.payload.subarray(0, length)).toEqual(payload)
    expect(plain.frames[0]!.quickAck).toBe(false)
    if ('header_with_quick_ack' in vector) {
      const asking = readAll(new FrameReader(transport, MIB), [hex(vector.header_with_quick_ack), payload])
      expect(asking.frames).toEqual([{ payload, quickAck: true }])
      expect(writeFrame(transport, payload, seededRandom('x'))).toEqual(Buffer.concat([hex(header), payload]))
    }
  })

  test('any frames in any cuts come out whole', () => {
    const frame = fc.record({
      words: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 100, max: 20_000 })),
      quickAck: fc.boolean(),
      padding: fc.integer({ min: 0, max: 3 }),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...TRANSPORTS),
        fc.array(frame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 9 }),
        (transport, plan, sizes) => {
          const random = seededRandom('frames')
          const sent = plan.map(({ words, quickAck }) => ({ payload: random(words * 4), quickAck }))
          const wire = Buffer.concat(
            sent.map((one, i) => clientFrame(transport, one, random(plan[i]!.padding))),
          )
          const reader = new FrameReader(transport, MIB)
          expect(readAll(reader, cut(wire, sizes))).toEqual({ frames: sent, fault: undefined })
          expect(reader.held).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('any bytes are frames or a fault, the same however they are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TRANSPORTS),
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
        (transport, bytes, sizes) => {
          const whole = readAll(new FrameReader(transport, 1000), [bytes])
          const parts = readAll(new FrameReader(transport, 1000), cut(Buffer.from(bytes), sizes))
          expect(parts.frames).toEqual(whole.frames)
          expect(parts.fault).toBe(whole.fault)
        },
      ),
    )
  })

  test.each(TRANSPORTS)('%s: a frame above the limit is a fault before its bytes are kept', (transport) => {
    const reader = new FrameReader(transport, 1024)
    const header = transport === 'abridged' ? hex('7f010100') : hex('04040000')
    expect(readAll(reader, [header]).fault).toBe('frame_too_long')
    expect(reader.held).toBe(0)
    expect(readAll(reader, [Buffer.alloc(100)]).frames).toEqual([])
  })

  test('a header alone reserves nothing near what it announces', () => {
    const reader = new FrameReader('intermediate', MIB)
    readAll(reader, [hex('00001000'), Buffer.alloc(10)])
    expect(reader.held).toBe(10)
  })
})

describe('frames towards a client', () => {
  test.each(vectors.transport_errors)('error $code', ({ payload, abridged, intermediate }) => {
    const random = seededRandom('x')
    expect(writeFrame('abridged', hex(payload), random)).toEqual(hex(abridged))
    expect(writeFrame('intermediate', hex(payload), random)).toEqual(hex(intermediate))
    // Clients know an error by its length.
    expect(writeFrame('padded', hex(payload), random)).toEqual(hex(intermediate))
  })

  test('a peer reads what was written; padding is at most three bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRANSPORTS), fc.integer({ min: 1, max: 9000 }), (transport, words) => {
        const random = seededRandom(`${words}`)
        const message = random(words * 4)
        const wire = writeFrame(transport, message, random)
        const [read] = new WorldReader(transport).push(wire)
        expect(read!.subarray(0, message.length)).toEqual(message)
        expect(read!.length - message.length).toBeLessThanOrEqual(transport === 'padded' ? MAX_PADDING : 0)
      }),
    )
  })

  test('a quick ack has the raw form of its transport', () => {
    const { confirm_value: value, ...forms } = vectors.simple_ack_to_client
    expect(writeQuickAck('abridged', Number(value))).toEqual(hex(forms.abridged_wire_plain))
    expect(writeQuickAck('intermediate', Number(value))).toEqual(hex(forms.intermediate_wire_plain))
    expect(writeQuickAck('padded', Number(value))).toEqual(hex(forms.padded_wire_plain_form1))
  })
})

describe('messageKind', () => {
  const plain = (constructor: number, body: number, rest: number) => {
    const message = Buffer.alloc(20 + rest)
    message.writeUInt32LE(body, 16)
    message.writeUInt32LE(constructor, 20)
    return message
  }

  test.each([
    ['req_pq', 0x60469778],
    ['req_pq_multi', 0xbe7e8ef1],
    ['req_DH_params', 0xd712e4be],
    ['set_client_DH_params', 0xf5045f1f],
  ])('%s goes on, with any padding behind it', (_name, constructor) => {
    expect(messageKind(plain(constructor, 20, 20))).toBe('plain')
    expect(messageKind(plain(constructor, 272, 272))).toBe('plain')
    expect(messageKind(plain(constructor, 20, 300))).toBe('plain')
  })

  test.each([
    ['another method', plain(0x12345678, 20, 20)],
    ['a body longer than the message', plain(0xbe7e8ef1, 24, 20)],
    ['a body of 16 bytes', plain(0xbe7e8ef1, 16, 20)],
    ['27 bytes', Buffer.alloc(27, 1)],
    ['an encrypted one below 56 bytes', Buffer.alloc(52, 1)],
    ['an encrypted one of 58 bytes', Buffer.alloc(58, 1)],
    ['nothing', Buffer.alloc(0)],
  ])('%s does not', (_name, message) => {
    expect(messageKind(message)).toBeUndefined()
  })

  test('an encrypted message is one with a key', () => {
    expect(messageKind(Buffer.alloc(56, 1))).toBe('encrypted')
  })
})
