import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Leg } from '../net/leg.ts'
import { Wheel } from '../net/wheel.ts'
import type { ClockedStay } from './front-clocks.ts'
import { ImitatedFront } from './imitated-front.ts'
import type { Manners, Offence, Reaction } from './manners.ts'
import { OFFENCES } from './manners.ts'

/** Each offence brings an alert of its own length, so that it shows which one was seen. */
const REACTIONS = Object.fromEntries(
  OFFENCES.map((offence, at): [Offence, Reaction] => [
    offence,
    { atHeader: at % 2 === 1, says: [[0x17, 20 + at]], end: 'fin' },
  ]),
)
const MANNERS: Manners = {
  reactions: REACTIONS,
  ccsTaken: 2,
  takes: 5,
  silences: [5000],
  silence: { atHeader: false, says: [], end: 'fin' },
}

function open(
  manners: Manners | undefined = MANNERS,
  options: { elapsed?: number; longest?: number; stay?: ClockedStay } = {},
) {
  const seen: string[] = []
  const wheel = new Wheel()
  const waiting: (() => void)[] = []
  const leg = new ImitatedFront(
    {
      onBytes: (_leg: Leg, n: number, bytes) => {
        seen.push(`${Buffer.from(bytes.subarray(0, 1)).toString('hex')}:${n - 5}`)
        return true
      },
      onDrain() {},
      onEnd: () => seen.push('fin'),
      onLost: () => seen.push('reset'),
      onClosed: () => seen.push('closed'),
    },
    { manners, elapsed: options.elapsed ?? 0, longestSilence: options.longest, stay: options.stay },
    { wheel, random: randomBytes, soon: (run) => waiting.push(run) },
  )
  const settle = () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) run()
    return seen
  }
  return { leg, wheel, settle }
}

const hex = (text: string) => Buffer.from(text, 'hex')
const said = (offence: Offence) => `17:${20 + OFFENCES.indexOf(offence)}`
const CCS = '140303000101'

describe('an imitated front', () => {
  it.each<[Offence, string]>([
    ['junk', `1703030020${'ab'.repeat(32)}`],
    ['short', `1703030003${'ab'.repeat(3)}`],
    ['empty', '1703030000'],
    ['too_long', `1703034101${'ab'.repeat(16_641)}`],
    ['far_too_long', `170303ffff${'ab'.repeat(65_535)}`],
    ['version', `1703010003${'ab'.repeat(3)}`],
    ['handshake', `1603030003${'ab'.repeat(3)}`],
    ['alert', '15030300020228'],
    ['unknown_type', '18030300020228'],
    ['noise', Buffer.from(`GET / HTTP/1.1${' '.repeat(20_000)}`).toString('hex')],
    ['long_noise', 'ff'.repeat(65_540)],
    ['bad_ccs', '140303000102'],
    ['many_ccs', CCS.repeat(3)],
  ])('reacts to %s as the front did, however it is cut', (offence, bytes) => {
    const cuts = fc.array(fc.nat({ max: bytes.length / 2 }), { maxLength: 4 })
    fc.assert(
      fc.property(cuts, (at) => {
        const { leg, settle } = open()
        const places = [0, ...at.toSorted((a, b) => a - b), bytes.length / 2]
        for (let i = 1; i < places.length; i++) leg.write(hex(bytes).subarray(places[i - 1], places[i]))
        expect(settle()[0]).toBe(said(offence))
      }),
      { numRuns: 20 },
    )
  })

  it('takes as many CCS as the front, and half a record', () => {
    const { leg, settle } = open()
    leg.write(hex(`${CCS.repeat(2)}1703030020abab`))
    expect(settle()).toEqual([])
  })

  it('ends otherwise where more is there than it has read', () => {
    const { leg, settle } = open()
    leg.write(hex('17030300000000000000'))
    expect(settle()).toEqual([said('empty'), 'reset', 'closed'])
  })

  it('resets who speaks after its FIN, as a closed socket does', () => {
    const { leg, settle } = open()
    leg.write(hex('1703030000'))
    expect(settle()).toEqual([said('empty'), 'fin'])
    leg.write(hex('00'))
    expect(settle().slice(2)).toEqual(['reset', 'closed'])
  })

  it('answers a FIN, and is gone when both have said it', () => {
    const { leg, settle } = open()
    leg.end()
    expect(settle()).toEqual([said('fin'), 'fin'])
    leg.end()
    expect(settle().at(-1)).toBe('closed')
  })

  it('bears silence as long as the front, counted from the accept', () => {
    const { wheel, settle } = open(MANNERS, { elapsed: 1000 })
    wheel.advance(3900)
    expect(settle()).toEqual([])
    wheel.advance(250)
    expect(settle()).toEqual(['fin'])
  })

  it('bears it until the tick that ends it, where the front has one clock for all', () => {
    const leave = vi.fn<() => void>()
    const { wheel, settle } = open(MANNERS, { stay: { left: 9000, leave } })
    wheel.advance(8900)
    expect(settle()).toEqual([])
    expect(leave).not.toHaveBeenCalled()
    wheel.advance(250)
    expect(settle()).toEqual(['fin'])
    expect(leave).toHaveBeenCalled()
  })

  it('leaves that clock whenever it ends', () => {
    const leave = vi.fn<() => void>()
    open(MANNERS, { stay: { left: 9000, leave } }).leg.destroy()
    expect(leave).toHaveBeenCalledTimes(1)
    open(MANNERS, { stay: { left: 9000, leave } }).leg.write(hex('1703030000'))
    expect(leave).toHaveBeenCalledTimes(2)
  })

  it('bears it for ever where the front was seen to', () => {
    const { wheel, settle } = open({ ...MANNERS, silences: [], endures: true })
    wheel.advance(24 * 60 * 60_000)
    expect(settle()).toEqual([])
  })

  it('bears it no longer than it may', () => {
    const { wheel, settle } = open(MANNERS, { longest: 1000 })
    wheel.advance(1200)
    expect(settle()).toEqual(['fin'])
  })

  it('does what every stack does while nothing was measured', () => {
    const { leg, settle } = open({ ...MANNERS, reactions: {} })
    leg.write(hex(`1703030020${'ab'.repeat(32)}`))
    expect(settle()).toEqual(['17:19', 'fin'])
  })

  it('says nothing once it was given up', () => {
    const { leg, wheel, settle } = open()
    leg.write(hex('1703030000'))
    leg.reset()
    wheel.advance(10_000)
    expect(settle()).toEqual(['closed'])
  })
})
