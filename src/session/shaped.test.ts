import { expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import type { Shaping } from '../net/shaped-splice.ts'
import { Splice } from '../net/splice.ts'
import { Wheel } from '../net/wheel.ts'
import { Tee } from './tee.ts'

const REQUEST = Buffer.from('GET / HTTP/1.1\r\n')

/** A connection with somebody who speaks no TLS, up to the moment at which it is the front's. */
function spliced(parts: Pick<Shaping, 'hold' | 'padding'> | 'off') {
  const due: { at: number; run(): void }[] = []
  const after = (at: number, run: () => void) => void due.push({ at, run })
  const [client, front] = [new ScriptedLeg(), new ScriptedLeg()]
  const shaping = parts === 'off' ? undefined : { ...parts, after }
  let over = 0
  const tee = new Tee(client, { wheel: new Wheel(), now: () => 0, soon: setImmediate, shaping }, () => over++)
  client.handler = tee
  tee.showTo((handler) => {
    front.handler = handler
    return front
  })
  void tee.hello()
  client.says(REQUEST)
  return { client, front, tee, due, over: () => over }
}

const HOLD = { hold: () => 42 }
const PAD = { padding: (said: number) => Buffer.alloc(100 - said, 0x7a) }

test('without shaping a plain splice takes over at once', () => {
  const { client, front, tee, due } = spliced('off')
  tee.splice()
  expect([client.handler, front.handler].map((each) => each instanceof Splice)).toEqual([true, true])
  expect(due).toEqual([])
})

test('what the front says is held until its time, and what it says later is not; a plain splice goes on', () => {
  const { client, front, tee, due } = spliced(HOLD)
  tee.splice()
  front.says(Buffer.from('one'))
  expect(front.reading).toBe(false)
  expect(client.written.length).toBe(0)
  expect(due.map(({ at }) => at)).toEqual([42])
  due[0]!.run()
  expect(client.written.toString()).toBe('one')
  expect(client.handler).toBeInstanceOf(Splice)
  expect(front.reading).toBe(true)
  front.says(Buffer.from(' two'))
  expect(client.written.toString()).toBe('one two')
})

test('a client that takes nothing is not read for when the time has come', () => {
  const { client, front, tee, due } = spliced(HOLD)
  tee.splice()
  front.says(Buffer.from('one'))
  client.takes = false
  due[0]!.run()
  expect(front.reading).toBe(false)
  client.drains()
  expect(front.reading).toBe(true)
})

test.each([
  ['FIN', (front: ScriptedLeg) => front.ends(), 'fin'],
  ['reset', (front: ScriptedLeg) => front.fails(), 'reset'],
] as const)('the front’s %s waits too, and comes after its last byte', (_name, end, shown) => {
  for (const endsFirst of [false, true]) {
    const { client, front, tee, due, over } = spliced(HOLD)
    if (!endsFirst) tee.splice()
    // Before the splice the tee itself passes the front's words on.
    if (!endsFirst) front.says(Buffer.from('one'))
    end(front)
    if (endsFirst) tee.splice()
    expect(client.ending).toBe('open')
    due[0]!.run()
    expect(client.written.toString()).toBe(endsFirst ? '' : 'one')
    expect(client.ending).toBe(shown)
    front.closes()
    client.closes()
    expect(over()).toBe(1)
  }
})

test('the last byte of a client is followed by padding once, whether it ends before the splice or after', () => {
  for (const endsFirst of [false, true]) {
    const { client, front, tee } = spliced(PAD)
    if (endsFirst) client.ends()
    tee.splice()
    if (!endsFirst) {
      client.says(Buffer.from('more'))
      client.ends()
    }
    const said = endsFirst ? REQUEST.toString() : `${REQUEST.toString()}more`
    expect(front.written.toString()).toBe(said.padEnd(100, 'z'))
    expect(front.ending).toBe('fin')
  }
})

test('a client that resets is not padded', () => {
  const { client, front, tee } = spliced(PAD)
  tee.splice()
  client.fails()
  expect(front.written).toEqual(REQUEST)
  expect(front.ending).toBe('reset')
})
