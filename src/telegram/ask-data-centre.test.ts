import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ScriptedLeg } from '../../test/doubles/scripted-leg.ts'
import { Wheel } from '../net/wheel.ts'
import { openedCipher, openInit } from '../protocol/obfuscated2.ts'
import { FrameReader } from '../protocol/transport/frame-reader.ts'
import { writeFrame } from '../protocol/transport/frame-writer.ts'
import { askDataCentre } from './ask-data-centre.ts'
import type { ProbeOutcome } from './probe.ts'

const NONCE_AT = 24

function resPq(nonce: Buffer): Buffer {
  const message = Buffer.alloc(84)
  message.writeUInt32LE(64, 16)
  message.writeUInt32LE(0x05162463, 20)
  message.set(nonce, NONCE_AT)
  return message
}

/** A question under way, as the data centre sees it. */
function question() {
  const leg = new ScriptedLeg()
  const wheel = new Wheel()
  let time = 0
  const outcomes: ProbeOutcome[] = []
  const asking = askDataCentre(leg, 4, {
    wheel,
    random: randomBytes,
    now: () => time,
    unixMilliseconds: () => 1_700_000_000_000,
  }).then((outcome) => outcomes.push(outcome))
  const init = openInit(leg.written.subarray(0, 64), undefined)!
  const messages: Buffer[] = []
  const frames = new FrameReader(init.transport, 4096)
  frames.read(init.decipher.update(leg.written.subarray(64)), (each) => messages.push(Buffer.from(each)))
  const cipher = openedCipher(init.toClient)
  return {
    leg,
    wheel,
    init,
    asking,
    outcomes,
    nonce: messages[0]!.subarray(NONCE_AT, NONCE_AT + 16),
    answer: (message: Buffer) => cipher.update(writeFrame(init.transport, message, randomBytes)),
    pass: (milliseconds: number) => {
      time += milliseconds
    },
  }
}

describe('a question to a data centre', () => {
  test('is an init and req_pq, and its answer ends the connection', async () => {
    const { leg, init, nonce, answer, pass, asking, outcomes } = question()
    expect([init.transport, init.dc]).toEqual(['padded', 4])
    pass(38)
    const wire = answer(resPq(nonce))
    leg.says(wire.subarray(0, 10))
    leg.says(wire.subarray(10))
    await asking
    expect(outcomes).toEqual([{ result: 'ok', milliseconds: 38 }])
    expect(leg.ending).toBe('destroyed')
  })

  test.each<[string, (scene: ReturnType<typeof question>) => void, string]>([
    ['another nonce', ({ leg, answer }) => leg.says(answer(resPq(randomBytes(16)))), 'wrong_answer'],
    ['an error code', ({ leg, answer }) => leg.says(answer(Buffer.from('6cfeffff', 'hex'))), 'wrong_answer'],
    [
      'a frame that announces too much',
      ({ leg, init }) => leg.says(openedCipher(init.toClient).update(Buffer.from('ffffff7f', 'hex'))),
      'wrong_answer',
    ],
    ['an end', ({ leg }) => leg.ends(), 'closed'],
    ['a reset', ({ leg }) => leg.fails(), 'reset'],
    ['nothing', ({ wheel }) => wheel.advance(11_000), 'no_answer'],
  ])('%s', async (_name, act, result) => {
    const scene = question()
    act(scene)
    scene.leg.closes()
    await scene.asking
    expect(scene.outcomes).toMatchObject([{ result }])
    expect(scene.leg.ending).toBe('destroyed')
  })
})
