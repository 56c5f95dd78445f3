import { describe, expect, test } from 'vitest'
import { HELD_BUDGET, OutgoingBuffers } from './outgoing.ts'
import { READ_BUFFER_SIZE } from './static-read.ts'

describe('OutgoingBuffers', () => {
  const shared = Buffer.alloc(READ_BUFFER_SIZE)

  test('a buffer given back is handed out again', () => {
    const outgoing = new OutgoingBuffers(shared)
    const buffer = outgoing.take(1000)
    outgoing.give(buffer)
    expect(outgoing.take(16_000)).toBe(buffer)
    expect(outgoing.take(16_000)).not.toBe(buffer)
  })

  test('there is room for a whole read with its record headers, and for nothing larger', () => {
    const outgoing = new OutgoingBuffers(shared)
    expect(outgoing.take(READ_BUFFER_SIZE + 17 * 5).length).toBeGreaterThanOrEqual(READ_BUFFER_SIZE + 17 * 5)
    expect(() => outgoing.take(READ_BUFFER_SIZE * 2)).toThrow(RangeError)
  })

  test('however many stall, what they hold stays near the budget', () => {
    const outgoing = new OutgoingBuffers(shared)
    const held: Buffer[] = []
    for (let reader = 0; reader < 1000; reader++) {
      const buffer = outgoing.take(outgoing.window().length)
      outgoing.hold(buffer)
      held.push(buffer)
    }
    expect(outgoing.window().length).toBe(16 * 1024)
    expect(outgoing.held).toBeLessThan(HELD_BUDGET * 1.8)
    for (const buffer of held) outgoing.release(buffer)
    expect(outgoing.held).toBe(0)
    expect(outgoing.window().length).toBe(READ_BUFFER_SIZE)
  })
})
