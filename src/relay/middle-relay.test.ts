import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { FrameReader, type Framing, frame } from '../../test/world/data-centre/framing.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import { READ_BUFFER_SIZE } from '../net/static-read.ts'
import { Wheel } from '../net/wheel.ts'
import { framedSize, frameRecords, RecordStripper } from '../protocol/tls/record.ts'
import type { MiddleLink, MiddleReceiver } from './middle-link.ts'
import { MiddleRelay, MOST_BEFORE_REQUESTS_WAIT, MOST_WAITING } from './middle-relay.ts'

const CTR = 'aes-256-ctr'
const MIB = 1024 * 1024

/** A link that remembers. */
class Link implements MiddleLink {
  receiver!: MiddleReceiver
  drained = true
  closed = 0
  readonly sent: { message: Buffer; encrypted: boolean; quickAck: boolean }[] = []

  send(sent: Buffer, flags: { encrypted: boolean; quickAck: boolean }): boolean {
    this.sent.push({ message: Buffer.from(sent), ...flags })
    return this.drained
  }

  close(): void {
    this.closed++
  }

  /** Answers that come in one read of the shared connection. */
  answers(...messages: readonly Buffer[]): void {
    for (const each of messages) this.receiver.onAnswer(each)
    this.receiver.onAnswersRead()
  }
}

interface SceneOptions {
  readonly transport?: Framing
  readonly frameLimit?: number
  readonly inTls?: boolean
  readonly waiting?: { held: number; readonly most: number }
}

function scene({ transport = 'intermediate', frameLimit = MIB, inTls = false, waiting }: SceneOptions = {}) {
  const up = { key: randomBytes(32), iv: randomBytes(16) }
  const down = { key: randomBytes(32), iv: randomBytes(16) }
  const client = new ScriptedLeg()
  const link = new Link()
  const wheel = new Wheel()
  const budget = waiting ?? { held: 0, most: 128 * MIB }
  const ends: string[] = []
  let dropped = 0
  const relay = new MiddleRelay(
    {
      client,
      link,
      transport,
      stripper: inTls ? new RecordStripper() : undefined,
      decipher: createDecipheriv(CTR, up.key, up.iv),
      cipher: createCipheriv(CTR, down.key, down.iv),
      frameLimit,
    },
    {
      outgoing: new OutgoingBuffers(Buffer.alloc(READ_BUFFER_SIZE)),
      wheel,
      waiting: budget,
      random: randomBytes,
      dropped: () => dropped++,
    },
    (over) => ends.push(over.result),
  )
  const sealing = createCipheriv(CTR, up.key, up.iv)
  return {
    relay,
    client,
    link,
    wheel,
    budget,
    ends,
    dropped: () => dropped,
    seal: (bytes: Buffer) => sealing.update(bytes),
    received: () => createDecipheriv(CTR, down.key, down.iv).update(client.written),
  }
}

/** Encrypted as far as anybody can see, of whole words. */
function message(bytes: number, first = 1): Buffer {
  const made = Buffer.alloc(bytes, first)
  made.writeUInt32LE(first, 0)
  return made
}

const FRAMINGS = ['abridged', 'intermediate', 'padded'] as const

describe('MiddleRelay', () => {
  test.each(FRAMINGS)('%s: frames go on one by one, however they were split', (transport) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 12 }), (cuts) => {
        const { relay, client, link, seal } = scene({ transport })
        relay.start(Buffer.alloc(0))
        const messages = [message(56), message(600, 2), message(64, 3)]
        const wire = seal(Buffer.concat(messages.map((each) => frame(transport, each))))
        let at = 0
        for (const cut of [...cuts, wire.length]) {
          if (at < wire.length) client.says(wire.subarray(at, at + cut))
          at += cut
        }
        expect(link.sent.map(({ message: { length } }) => length >= 56)).toEqual([true, true, true])
        for (const [i, { message: sent }] of link.sent.entries()) {
          expect(sent.subarray(0, messages[i]!.length)).toEqual(messages[i])
        }
      }),
      { numRuns: 50 },
    )
  })

  test('what came behind the init is read first', () => {
    const { relay, link, seal } = scene()
    relay.start(seal(frame('intermediate', message(56))))
    expect(link.sent).toHaveLength(1)
  })

  test('a quick ack that is asked for, and a message without a key', () => {
    const { relay, client, link, seal } = scene({ transport: 'abridged' })
    relay.start(Buffer.alloc(0))
    const plain = Buffer.alloc(40)
    plain.writeUInt32LE(20, 16)
    plain.writeUInt32LE(0xbe7e8ef1, 20)
    client.says(seal(Buffer.concat([Buffer.from([0x80 | 14]), message(56), frame('abridged', plain)])))
    expect(link.sent).toMatchObject([
      { encrypted: true, quickAck: true },
      { encrypted: false, quickAck: false },
    ])
  })

  test('a message that no middle proxy takes is dropped, and the session goes on', () => {
    const { relay, client, link, seal, dropped } = scene()
    relay.start(Buffer.alloc(0))
    client.says(seal(Buffer.concat([frame('intermediate', message(24)), frame('intermediate', message(56))])))
    expect([dropped(), link.sent.length, client.ending]).toEqual([1, 1, 'open'])
  })

  test.each(FRAMINGS)('%s: answers and quick acks', (transport) => {
    const { relay, link, received } = scene({ transport })
    relay.start(Buffer.alloc(0))
    link.answers(message(600, 7))
    link.receiver.onQuickAck(0xa1b2c3d4)
    link.receiver.onAnswersRead()
    const plain = received()
    const answer = [...new FrameReader(transport).push(plain.subarray(0, -4))]
    expect(answer).toHaveLength(1)
    expect(answer[0]!.subarray(0, 600)).toEqual(message(600, 7))
    expect(plain.subarray(-4).toString('hex')).toBe(transport === 'abridged' ? 'a1b2c3d4' : 'd4c3b2a1')
  })

  test('FakeTLS: records come off on the way up and on the way down', () => {
    const { relay, client, link, seal } = scene({ inTls: true })
    relay.start(Buffer.alloc(0))
    const sealed = seal(frame('intermediate', message(56)))
    const wire = Buffer.alloc(framedSize(sealed.length))
    frameRecords(wire, 0, sealed, 0, sealed.length)
    client.says(wire)
    expect(link.sent).toHaveLength(1)
    link.answers(message(600))
    expect(client.written.subarray(0, 3).toString('hex')).toBe('170303')
  })

  test.each([
    ['a frame above the limit', false, 'ffffff7f', 'bad_frame'],
    ['no record', true, '1503030002', 'bad_record'],
  ])('%s ends the session', (_name, inTls, bytes, result) => {
    const { relay, client, link, seal, ends } = scene({ inTls })
    relay.start(Buffer.alloc(0))
    client.says(inTls ? Buffer.from(bytes, 'hex') : seal(Buffer.from(bytes, 'hex')))
    client.closes()
    expect([client.ending, link.closed, ends]).toEqual(['destroyed', 1, [result]])
  })

  test('the client is not read while the shared connection takes no more', () => {
    const { relay, client, link, seal } = scene()
    relay.start(Buffer.alloc(0))
    link.drained = false
    client.says(seal(frame('intermediate', message(56))))
    expect(client.reading).toBe(false)
    link.drained = true
    link.receiver.onLinkDrain()
    expect(client.reading).toBe(true)
  })
})

describe('a client that does not read', () => {
  test('what it does not take waits in order and is counted; its requests wait when it is much', () => {
    const { relay, client, link, budget, seal, received } = scene()
    relay.start(Buffer.alloc(0))
    client.takes = false
    link.answers(message(512))
    link.answers(message(MOST_BEFORE_REQUESTS_WAIT, 2), message(1024, 3))
    expect(budget.held).toBe(MOST_BEFORE_REQUESTS_WAIT + 1024 + 8)
    client.says(seal(frame('intermediate', message(56))))
    expect(client.reading).toBe(false)
    while (!client.drained) client.drains()
    expect(budget.held).toBe(0)
    expect(client.reading).toBe(true)
    const frames = [...new FrameReader('intermediate').push(received())]
    const expected = [message(512), message(MOST_BEFORE_REQUESTS_WAIT, 2), message(1024, 3)]
    expect(frames.map((each, i) => each.equals(expected[i]!))).toEqual([true, true, true])
  })

  test('above the limit it ends, and holds nothing', () => {
    const { relay, client, link, budget } = scene()
    relay.start(Buffer.alloc(0))
    client.takes = false
    const answer = message(4 * MIB)
    for (let held = 0; held <= MOST_WAITING && client.ending === 'open'; held += answer.length) {
      link.answers(answer)
    }
    expect([client.ending, relay.result, link.closed, budget.held]).toEqual(['destroyed', 'slow', 1, 0])
  })

  test('when all together are too many, those with the most end', () => {
    const waiting = { held: 0, most: 3 * MIB }
    const [little, much] = [scene({ waiting }), scene({ waiting })]
    for (const { relay, client, link } of [little, much]) {
      relay.start(Buffer.alloc(0))
      client.takes = false
      link.answers(message(512))
    }
    much.link.answers(message(2 * MIB))
    much.link.answers(message(2 * MIB))
    little.link.answers(message(1024))
    expect([much.relay.result, little.relay.result]).toEqual(['slow', 'ok'])
    expect(waiting.held).toBe(1024 + 4)
  })
})

describe('ends', () => {
  test('the middle proxy ends the client: what waits is written first, then FIN', () => {
    const { relay, client, link, ends, received } = scene()
    relay.start(Buffer.alloc(0))
    client.takes = false
    link.answers(message(512))
    link.answers(message(1024))
    link.receiver.onLinkEnd('closed')
    expect(client.ending).toBe('open')
    while (client.ending === 'open') client.drains()
    expect([client.ending, received().length]).toEqual(['fin', 512 + 1024 + 8])
    client.closes()
    expect(ends).toEqual(['ok'])
  })

  test('a lost connection: FIN, and who does not answer it is closed', () => {
    const { relay, client, link, wheel, ends } = scene()
    relay.start(Buffer.alloc(0))
    link.receiver.onLinkEnd('lost')
    expect(client.ending).toBe('fin')
    wheel.advance(6000)
    expect(client.ending).toBe('destroyed')
    client.closes()
    expect([ends, link.closed]).toEqual([['middle_lost'], 0])
  })

  test.each([
    ['FIN', (client: ScriptedLeg) => client.ends(), 'fin', 'ok'],
    ['a reset', (client: ScriptedLeg) => client.fails(), 'open', 'reset'],
  ] as const)('%s of the client tells the middle proxy once', (_name, act, ending, result) => {
    const { relay, client, link, ends, budget } = scene()
    relay.start(Buffer.alloc(0))
    client.takes = false
    link.answers(message(512), message(512))
    act(client)
    client.closes()
    expect([client.ending, link.closed, ends, budget.held]).toEqual([ending, 1, [result], 0])
  })
})
