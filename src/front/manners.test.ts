import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flightOf } from '../../test/vectors/flights.ts'
import type { Conversation, Turn } from '../net/converse.ts'
import { learnManners } from './learn-manners.ts'
import { OFFENCES, readManners, withSilence } from './manners.ts'
import { watchSilence } from './watch-silence.ts'

const SITE = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 443 } } as const
const ALERT = Buffer.concat([Buffer.from('1703030013', 'hex'), randomBytes(19)])
const TAKES = 20_000
const OPEN: Pick<Conversation, 'end' | 'milliseconds'> = { end: 'open', milliseconds: 300 }

/** A front that ends for whatever record is whole, for more than 16 CCS, and after a minute. */
async function strictFront(_to: unknown, [, ...turns]: readonly Turn[]): Promise<Conversation> {
  const heard = [flightOf(1751)]
  let got = Buffer.alloc(0)
  for (const { bytes, fin, quiet } of turns) {
    got = Buffer.concat([got, bytes])
    if (fin) return { heard: [...heard, Buffer.alloc(0)], end: 'fin', milliseconds: 300 }
    if (quiet > 60_000) return { heard: [...heard, ALERT], end: 'reset', milliseconds: 60_001.4 }
    const ccs = got.toString('hex').match(/^(?:140303000101)*/)![0].length / 12
    const rest = got.subarray(6 * ccs)
    const isWhole = rest.length >= 5 && rest.length >= Math.min(300, 5 + rest.readUInt16BE(3))
    if (ccs > 16 || isWhole) {
      const end = rest.length > TAKES ? 'reset' : 'fin'
      return { heard: [...heard, ALERT], end, milliseconds: 300 }
    }
    heard.push(Buffer.alloc(0))
  }
  return { heard, ...OPEN }
}

const dependencies = (converse: typeof strictFront) => ({
  converse,
  random: (n: number) => randomBytes(n),
  signal: new AbortController().signal,
  now: () => 100_000,
})

describe('learnManners', () => {
  it('plays every offence, and counts the CCS that are taken', async () => {
    const manners = (await learnManners(SITE, dependencies(strictFront)))!
    expect(Object.keys(manners.reactions)).toEqual([...OFFENCES])
    expect(manners.reactions.junk).toEqual({
      atHeader: false,
      says: [[0x17, 19]],
      end: 'fin',
    })
    expect(manners.reactions.empty).toMatchObject({ atHeader: true, end: 'fin' })
    expect(manners.reactions.fin).toMatchObject({ says: [], end: 'fin' })
    expect(manners.ccsTaken).toBe(16)
    expect(manners.takes).toBeGreaterThan(TAKES - 65)
    expect(manners.takes).toBeLessThanOrEqual(TAKES)
    expect(manners.silences).toEqual([])
  })

  it('keeps a plaintext alert as it is', async () => {
    const plain = Buffer.from('1503030002022a', 'hex')
    const manners = await learnManners(
      SITE,
      dependencies(async () => ({ heard: [flightOf(99), plain], end: 'fin', milliseconds: 1 })),
    )
    expect(manners!.reactions.junk!.says).toEqual([[0x15, '022a']])
  })

  it('learns nothing of a front that sends no flight', async () => {
    const refused = async (): Promise<Conversation> => ({ heard: [], end: 'refused', milliseconds: 0 })
    const alert = async (): Promise<Conversation> => ({ heard: [ALERT, ALERT], ...OPEN })
    expect(await learnManners(SITE, dependencies(refused))).toBeUndefined()
    expect(await learnManners(SITE, dependencies(alert))).toBeUndefined()
  })
})

describe('an unknown name', () => {
  it('is remembered where the front refuses it with an alert', async () => {
    const refusing = async (to: unknown, turns: readonly Turn[]): Promise<Conversation> =>
      Buffer.from(turns[0]!.bytes).includes('.invalid')
        ? { heard: [Buffer.from('15030300020270', 'hex')], end: 'fin', milliseconds: 1 }
        : strictFront(to, turns)
    const manners = await learnManners(SITE, dependencies(refusing))
    expect(manners!.toUnknownName).toEqual({ atHeader: false, says: [[0x15, '0270']], end: 'fin' })
    expect((await learnManners(SITE, dependencies(strictFront)))!.toUnknownName).toBeUndefined()
  })
})

describe('watchSilence', () => {
  it('keeps when and how the front ended it', async () => {
    let manners = (await learnManners(SITE, dependencies(strictFront)))!
    for (let i = 0; i < 12; i++) {
      const seen = await watchSilence(SITE, dependencies(strictFront))
      if (seen === undefined || seen === 'endures') throw new Error(`seen: ${seen}`)
      manners = withSilence({ ...manners, endures: true }, seen)
    }
    expect(manners.silences).toEqual(Array(8).fill(60_001))
    expect(manners.silence).toMatchObject({ says: [[0x17, 19]], end: 'reset' })
    expect(manners.endures).toBeUndefined()
  })

  it('does not take for its patience that it was stopped', async () => {
    let asked = 0
    const stopping = async (to: unknown, turns: readonly Turn[]): Promise<Conversation> =>
      asked++ === 0 ? strictFront(to, turns) : { heard: [], end: 'refused', milliseconds: 0 }
    expect(await watchSilence(SITE, dependencies(stopping))).toBeUndefined()
  })

  it('sees that a front bears it', async () => {
    const patient = async (): Promise<Conversation> => ({ heard: [flightOf(1), Buffer.alloc(0)], ...OPEN })
    expect(await watchSilence(SITE, dependencies(patient))).toBe('endures')
  })
})

describe('readManners', () => {
  it('takes what was written', async () => {
    const learned = (await learnManners(SITE, dependencies(strictFront)))!
    const manners = { ...learned, endures: true, clock: { period: 4000, ticks: 3 } }
    expect(readManners(JSON.parse(JSON.stringify(manners)))).toEqual(manners)
  })

  it('leaves out a reaction that is damaged', async () => {
    const manners = (await learnManners(SITE, dependencies(strictFront)))!
    const damaged = { ...manners, reactions: { ...manners.reactions, junk: { says: [[23, -1]] } } }
    expect(readManners(damaged)!.reactions.junk).toBeUndefined()
    expect(readManners(damaged)!.reactions.fin).toEqual(manners.reactions.fin)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (value) => void readManners(value)))
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (junk, silence) => {
        readManners({ reactions: { junk }, ccsTaken: 1, takes: 16_384, silences: [1], silence })
      }),
    )
  })
})
