import { expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { type Arrival, AwaitedLeg } from './awaited-leg.ts'
import type { Leg, LegHandler } from './leg.ts'

function begin() {
  const { promise, resolve } = Promise.withResolvers<Arrival>()
  const told: string[] = []
  const handler: LegHandler = {
    onBytes: (_leg, n, bytes) => {
      told.push(`bytes ${Buffer.from(bytes.subarray(0, n)).toString()}`)
      return true
    },
    onDrain: () => told.push('drain'),
    onEnd: () => told.push('end'),
    onLost: ({ failure }: Leg) => told.push(`lost ${failure}`),
    onClosed: () => told.push('closed'),
  }
  const inner = new ScriptedLeg()
  const leg = new AwaitedLeg(handler, promise)
  const arrive = async (arrival: Arrival = { ok: true, leg: inner }) => {
    resolve(arrival)
    await new Promise((done) => setImmediate(done))
  }
  return { leg, inner, told, arrive }
}

test('what was written while it was awaited goes first, in one write, and then all that follows', async () => {
  const { leg, inner, told, arrive } = begin()
  expect(leg.write(Buffer.from('one '))).toBe(false)
  expect(leg.writeCopy(4, Buffer.from('two '))).toBe(false)
  expect(leg.connected).toBe(false)
  await arrive()
  expect(leg.connected).toBe(true)
  expect(inner.writes).toBe(1)
  expect(told).toEqual(['drain'])
  expect(leg.write(Buffer.from('three'))).toBe(true)
  expect(inner.written.toString()).toBe('one two three')
  inner.handler.onBytes(inner, 2, Buffer.from('ok'))
  inner.handler.onEnd(inner)
  inner.handler.onClosed(inner)
  expect(told).toEqual(['drain', 'bytes ok', 'end', 'closed'])
  expect([leg.bytesWritten, leg.bytesRead]).toEqual([13, 2])
})

test('a FIN, or a reset, comes behind what waited', async () => {
  for (const [ending, becomes] of [
    ['end', 'fin'],
    ['resetAfterDrain', 'reset'],
    ['destroyAfterDrain', 'destroyed'],
  ] as const) {
    const { leg, inner, arrive } = begin()
    leg.write(Buffer.from('last'))
    leg[ending]()
    await arrive()
    expect(inner.written.toString()).toBe('last')
    expect(inner.ending).toBe(becomes)
  }
})

test('nothing leads there: lost with the reason, then closed', async () => {
  const { leg, told, arrive } = begin()
  leg.write(Buffer.from('hello'))
  await arrive({ ok: false, failure: 'refused' })
  expect(told).toEqual(['lost refused', 'closed'])
  expect(leg.failure).toBe('refused')
})

test.each(['reset', 'destroy'] as const)(
  '%s while it is awaited: closed once, and what arrives is closed',
  async (how) => {
    const { leg, inner, told, arrive } = begin()
    leg.write(Buffer.from('hello'))
    leg[how]()
    leg.destroy()
    await arrive()
    expect(inner.ending).toBe('destroyed')
    expect(inner.written.length).toBe(0)
    expect(told).toEqual(['closed'])
  },
)

test('paused before it arrived, it stays so', async () => {
  const { leg, inner, arrive } = begin()
  inner.reading = false
  leg.pause()
  await arrive()
  expect(inner.reading).toBe(false)
  leg.resume()
  expect(inner.reading).toBe(true)
})
