import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { OutgoingBuffers } from '../net/outgoing.ts'
import { READ_BUFFER_SIZE } from '../net/static-read.ts'
import { Wheel } from '../net/wheel.ts'
import { framedSize, frameRecords, RecordStripper } from '../protocol/tls/record.ts'
import { DirectRelay } from './direct-relay.ts'
import type { RelayMeter } from './relay.ts'

const CTR = 'aes-256-ctr'

function scene(meter?: RelayMeter) {
  const keys = Array.from({ length: 2 }, () => ({ key: randomBytes(32), iv: randomBytes(16) }))
  const [ofClient, ofDataCentre] = keys as [(typeof keys)[0], (typeof keys)[0]]
  const client = new ScriptedLeg()
  const dataCentre = new ScriptedLeg()
  const wheel = new Wheel()
  const over: DirectRelay[] = []
  const relay = new DirectRelay(
    {
      client,
      dataCentre,
      stripper: new RecordStripper(),
      decipher: createDecipheriv(CTR, ofClient.key, ofClient.iv),
      cipher: createCipheriv(CTR, ofDataCentre.key, ofDataCentre.iv),
      meter,
    },
    { outgoing: new OutgoingBuffers(Buffer.alloc(READ_BUFFER_SIZE)), wheel },
    (ended) => over.push(ended),
  )
  const clientCipher = createCipheriv(CTR, ofClient.key, ofClient.iv)
  const received = (from: number) =>
    createDecipheriv(CTR, ofDataCentre.key, ofDataCentre.iv)
      .update(dataCentre.written.subarray(from))
      .toString()
  return {
    relay,
    client,
    dataCentre,
    wheel,
    over,
    encrypt: (text: string) => clientCipher.update(text),
    received,
  }
}

function framed(payload: Buffer): Buffer {
  const out = Buffer.alloc(framedSize(payload.length))
  frameRecords(out, 0, payload, 0, payload.length)
  return out
}

describe('DirectRelay', () => {
  test('our init and the first payload leave in one write, re-encrypted', () => {
    const { relay, client, dataCentre, encrypt, received } = scene()
    relay.start(Buffer.alloc(64, 1), encrypt('first'))
    expect(dataCentre.writes).toBe(1)
    expect(dataCentre.written.subarray(0, 64)).toEqual(Buffer.alloc(64, 1))
    expect(received(64)).toBe('first')
    expect(client.reading).toBe(true)
  })

  test('upload in any records and any cuts arrives as it was sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 10 }),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
        (texts, cuts) => {
          const { relay, client, encrypt, received } = scene()
          relay.start(Buffer.alloc(64), Buffer.alloc(0))
          const wire = Buffer.concat(texts.map((text) => framed(encrypt(text))))
          let at = 0
          for (let i = 0; at < wire.length; i++) {
            const cut = cuts[i % cuts.length]!
            client.says(wire.subarray(at, at + cut))
            at += cut
          }
          expect(received(64)).toBe(texts.join(''))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('what one side does not take stops the reading of the other', () => {
    const { relay, client, dataCentre, encrypt } = scene()
    relay.start(Buffer.alloc(64), Buffer.alloc(0))
    client.takes = false
    dataCentre.says(Buffer.alloc(5000))
    expect(dataCentre.reading).toBe(false)
    client.drains()
    expect(dataCentre.reading).toBe(true)
    dataCentre.takes = false
    client.says(framed(encrypt('upload')))
    expect(client.reading).toBe(false)
    dataCentre.drains()
    expect(client.reading).toBe(true)
  })

  test('FIN passes as FIN after the last byte, in both directions', () => {
    const { relay, client, dataCentre, over } = scene()
    relay.start(Buffer.alloc(64), Buffer.alloc(0))
    client.ends()
    expect(dataCentre.ending).toBe('fin')
    dataCentre.says(Buffer.from('last'))
    dataCentre.ends()
    expect(client.written.subarray(5).toString()).toBe('last')
    expect(client.ending).toBe('fin')
    client.closes()
    dataCentre.closes()
    expect(over).toEqual([relay])
    expect(relay.result).toBe('ok')
  })

  test('a reset passes as a reset, towards the client after what was read', () => {
    const one = scene()
    one.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    one.client.fails()
    expect(one.dataCentre.ending).toBe('reset')
    const other = scene()
    other.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    other.client.takes = false
    other.dataCentre.says(Buffer.alloc(100))
    other.dataCentre.fails()
    expect(other.client.ending).toBe('reset after drain')
    expect(other.relay.result).toBe('reset')
  })

  test('a record that is none of ours ends both sides', () => {
    const { relay, client, dataCentre } = scene()
    relay.start(Buffer.alloc(64), Buffer.alloc(0))
    client.says(Buffer.from('15030300020100', 'hex'))
    expect([client.ending, dataCentre.ending]).toEqual(['destroyed', 'reset'])
    expect(relay.result).toBe('bad_record')
  })

  test('a FIN that came before the start is passed on', () => {
    const { relay, client, dataCentre } = scene()
    client.ended = true
    relay.start(Buffer.alloc(64), Buffer.alloc(0))
    expect(dataCentre.ending).toBe('fin')
  })

  test('payload is counted, headers are not', () => {
    const { relay, client, dataCentre, encrypt } = scene()
    relay.start(Buffer.alloc(64), encrypt('12345'))
    client.says(framed(encrypt('678')))
    dataCentre.says(Buffer.alloc(1000))
    expect([relay.bytesUp, relay.bytesDown]).toEqual([8, 1000])
  })
})

/** Answers as told; the last answer stays. */
function meterOf(...tolls: ReturnType<RelayMeter['take']>[]) {
  const taken: [direction: string, bytes: number][] = []
  const meter: RelayMeter = {
    proceed: () => {},
    take: (direction, bytes) => {
      taken.push([direction, bytes])
      return (tolls.length > 1 ? tolls.shift() : tolls[0]) ?? 'go'
    },
    window: (direction) => (direction === 'up' ? 1000 : 2000),
  }
  return { meter, taken }
}

describe('a session with limits', () => {
  test('pays for payload in both directions, and reads in windows', () => {
    const { meter, taken } = meterOf('go')
    const { relay, client, dataCentre, encrypt, received } = scene(meter)
    relay.start(Buffer.alloc(64), encrypt('12345'))
    client.says(framed(encrypt('678')))
    dataCentre.says(Buffer.alloc(1000))
    expect(taken).toEqual([
      ['up', 5],
      ['up', 3],
      ['down', 1000],
    ])
    expect(received(64)).toBe('12345678')
    expect([client.window(), dataCentre.window()]).toEqual([1000, 2000])
    expect([relay.bytesUp, relay.bytesDown]).toEqual([8, 1000])
  })

  test.each(['up', 'down'] as const)(
    'who is too fast %s waits; neither drain alone nor leave alone resumes it',
    (way) => {
      const { meter } = meterOf('go', 'wait', 'wait', 'go')
      const { relay, client, dataCentre, encrypt } = scene(meter)
      relay.start(Buffer.alloc(64), encrypt('1'))
      const [reader, writer] = way === 'up' ? [client, dataCentre] : [dataCentre, client]
      const say = () => reader.says(way === 'up' ? framed(encrypt('xyz')) : Buffer.alloc(500))
      say()
      expect(reader.reading).toBe(false)
      meter.proceed(way)
      expect(reader.reading).toBe(true)

      writer.takes = false
      say()
      meter.proceed(way)
      expect(reader.reading).toBe(false)
      writer.drains()
      expect(reader.reading).toBe(true)

      const again = meterOf('wait')
      relay.measure(again.meter)
      writer.takes = false
      say()
      writer.drains()
      expect(reader.reading).toBe(false)
      again.meter.proceed(way)
      expect(reader.reading).toBe(true)
    },
  )

  test('a first payload that must wait is sent, and no more is read', () => {
    const { meter } = meterOf('wait')
    const { relay, client, encrypt, received } = scene(meter)
    client.reading = false
    relay.start(Buffer.alloc(64), encrypt('first'))
    expect(received(64)).toBe('first')
    expect(client.reading).toBe(false)
    meter.proceed('up')
    expect(client.reading).toBe(true)
  })

  test('the last bytes of a quota go on and end the session, in both directions', () => {
    const up = scene(meterOf('go', 'last').meter)
    up.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    up.client.says(framed(up.encrypt('end')))
    expect(up.received(64)).toBe('end')
    expect([up.client.ending, up.dataCentre.ending, up.relay.result]).toEqual(['destroyed', 'reset', 'quota'])
    const down = scene(meterOf('go', 'last').meter)
    down.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    down.dataCentre.says(Buffer.alloc(700))
    expect(down.client.written.length).toBe(705)
    expect([down.client.ending, down.relay.result]).toEqual(['destroyed', 'quota'])
  })

  test('bytes beyond a quota neither go on nor count', () => {
    const up = scene(meterOf('go', 'over').meter)
    up.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    up.client.says(framed(up.encrypt('end')))
    expect(up.received(64)).toBe('')
    const down = scene(meterOf('go', 'over').meter)
    down.relay.start(Buffer.alloc(64), Buffer.alloc(0))
    down.dataCentre.says(Buffer.alloc(700))
    expect(down.client.written.length).toBe(0)
    for (const { relay } of [up, down]) {
      expect([relay.bytesUp, relay.bytesDown, relay.result]).toEqual([0, 0, 'quota'])
    }
    const first = scene(meterOf('over').meter)
    first.relay.start(Buffer.alloc(64), first.encrypt('x'))
    expect([first.dataCentre.writes, first.relay.result]).toEqual([0, 'quota'])
  })
})
