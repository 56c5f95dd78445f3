import { expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { LegHandler } from '../net/leg.ts'
import type { SocketLeg } from '../net/socket-leg.ts'
import type { ShadowsocksStream } from '../protocol/shadowsocks/client-stream.ts'
import { ShadowsocksLeg } from './shadowsocks-leg.ts'

/** A stream that changes nothing, so that the test sees what the leg does. */
const clear = {
  seal: (bytes: Buffer) => bytes,
  open: (n: number, bytes: Uint8Array) => Buffer.from(bytes.subarray(0, n)),
}

function legs() {
  const inner = new ScriptedLeg()
  const pieces: number[] = []
  const state = { takes: true, ended: false, lost: false }
  const handler: LegHandler = {
    onBytes: (_leg, n) => {
      pieces.push(n)
      return state.takes
    },
    onDrain() {},
    onEnd: () => {
      state.ended = true
    },
    onLost: () => {
      state.lost = true
    },
    onClosed() {},
  }
  const leg = new ShadowsocksLeg(clear as unknown as ShadowsocksStream, handler).begin((own) => {
    inner.handler = own
    return inner as unknown as SocketLeg
  })
  return { inner, leg, pieces, state }
}

test('what one read has completed comes in pieces that a relay can hold', () => {
  const { inner, pieces } = legs()
  inner.says(Buffer.alloc(200_000))
  expect(pieces).toEqual([65_536, 65_536, 65_536, 3392])
  expect(inner.reading).toBe(true)
})

test('who stops in the middle gets the rest at resume, before anything new', () => {
  const { inner, leg, pieces, state } = legs()
  state.takes = false
  inner.says(Buffer.alloc(150_000))
  expect(pieces).toEqual([65_536])
  expect(inner.reading).toBe(false)
  leg.resume()
  expect(pieces).toEqual([65_536, 65_536])
  expect(inner.reading).toBe(false)
  state.takes = true
  leg.resume()
  expect(pieces).toEqual([65_536, 65_536, 18_928])
  expect(inner.reading).toBe(true)
})

test('a limit on reads holds for the pieces', () => {
  const { inner, leg, pieces } = legs()
  leg.limitReads(() => 10_000)
  inner.says(Buffer.alloc(25_000))
  expect(pieces).toEqual([10_000, 10_000, 5000])
})

test('endings are the connection’s own', () => {
  const { inner, leg, state } = legs()
  leg.write(Buffer.from('abc'))
  expect(inner.written.toString()).toBe('abc')
  inner.ends()
  inner.fails()
  expect(state).toMatchObject({ ended: true, lost: true })
  expect([leg.ended, leg.failure]).toEqual([true, 'ECONNRESET'])
  leg.reset()
  expect(inner.ending).toBe('reset')
})
