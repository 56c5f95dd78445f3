import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readName, writeName } from './domain-name.ts'
import { type Question, readAnswer, writeQuestion } from './message.ts'

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
const domain = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'))
const words = (...values: number[]) => Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]))
const QUESTION: Question = { id: 0x1234, name: 'www.example.org', type: 'A' }
const NAME = Buffer.from('\x03www\x07example\x03org\0', 'latin1')
/** The name of the question, by a pointer. */
const ASKED = [0xc0, 12]

interface Shape {
  flags?: number
  question?: Buffer
  answers?: Buffer[]
  authorities?: Buffer[]
}

function message({ flags = 0x8180, question, answers = [], authorities = [] }: Shape): Buffer {
  const asked = question ?? Buffer.concat([NAME, words(1, 1)])
  const header = words(0x1234, flags, asked.length > 0 ? 1 : 0, answers.length, authorities.length, 0)
  return Buffer.concat([header, asked, ...answers, ...authorities])
}

function record(type: number, ttl: number, data: number[], name: number[] = ASKED): Buffer {
  return Buffer.concat([
    Buffer.from(name),
    words(type, 1, ttl >>> 16, ttl & 0xffff, data.length),
    Buffer.from(data),
  ])
}

describe('names', () => {
  test('what is written is read again, and where it ends', () => {
    fc.assert(
      fc.property(domain, fc.nat(20), (name, before) => {
        const wire = writeName(name)!
        const all = Buffer.concat([Buffer.alloc(before, 1), wire, Buffer.from('behind')])
        expect(readName(all, before)).toEqual({ name, next: before + wire.length })
      }),
    )
  })

  test.each([
    ['an empty label', 'www..org'],
    ['a label of 64', `${'a'.repeat(64)}.org`],
    ['256 bytes', `${'abcdefg.'.repeat(31)}abcdefg`],
    ['not ASCII', 'www.пример.org'],
  ])('%s cannot be asked for', (_what, name) => {
    expect(writeName(name)).toBeUndefined()
  })

  test.each([
    ['a pointer to itself', [0xc0, 0]],
    ['two pointers to each other', [0xc0, 2, 0xc0, 0]],
    ['a label before a pointer to itself', [1, 0x61, 0xc0, 0]],
    ['a pointer ahead', [0xc0, 2, 1, 0x61, 0]],
    ['a reserved kind', [0x40, 0]],
    ['a label beyond the end', [5, 0x61]],
    ['no end', [1, 0x61]],
  ])('%s is no name', (_what, bytes) => {
    expect(readName(Buffer.from(bytes), 0)).toBeUndefined()
  })

  test('many pointers cannot make a name longer than any name is', () => {
    // Each label of 60 is followed by a pointer to the one before.
    const part = (at: number) => [60, ...Array<number>(60).fill(0x61), 0xc0 | (at >> 8), at & 0xff]
    const chain = [0, ...part(0), ...part(1), ...part(64), ...part(127), ...part(190)]
    expect(readName(Buffer.from(chain), 64)?.name.length).toBe(121)
    expect(readName(Buffer.from(chain), 253)).toBeUndefined()
  })
})

describe('questions', () => {
  test('bytes of one, with EDNS(0)', () => {
    expect(writeQuestion(QUESTION)?.toString('hex')).toBe(
      '12340100000100000000000103777777076578616d706c65036f7267000001000100002904d0000000000000',
    )
  })

  test('on encrypted connections their length does not tell the name', () => {
    fc.assert(
      fc.property(domain, (name) => {
        expect(writeQuestion({ id: 1, name, type: 'AAAA' }, true)!.length % 128).toBe(0)
      }),
    )
  })
})

describe('answers', () => {
  test('all addresses, with the least TTL', () => {
    const answers = [record(1, 300, [192, 0, 2, 1]), record(1, 60, [192, 0, 2, 2])]
    expect(readAnswer(message({ answers }), QUESTION)).toEqual({
      state: 'addresses',
      addresses: ['192.0.2.1', '192.0.2.2'],
      ttl: 60,
    })
  })

  test.each([
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000100000000000100000000', '2001:db8:1::1:0:0'],
    ['20010db800010002000300040005000f', '2001:db8:1:2:3:4:5:f'],
    ['00000000000000000000000000000000', '::'],
  ])('AAAA %s is %s', (hex, address) => {
    const question = { ...QUESTION, type: 'AAAA' } as const
    const asked = Buffer.concat([NAME, words(28, 1)])
    const answers = [record(28, 9, [...Buffer.from(hex, 'hex')])]
    expect(readAnswer(message({ question: asked, answers }), question)).toMatchObject({
      addresses: [address],
    })
  })

  test('aliases are followed in whatever order they stand, and their TTL counts', () => {
    const cdn = [...Buffer.from('\x03cdn\x03net\0', 'latin1')]
    const edge = [...Buffer.from('\x04edge\x03net\0', 'latin1')]
    const answers = [record(1, 300, [192, 0, 2, 9], edge), record(5, 20, edge, cdn), record(5, 100, cdn)]
    expect(readAnswer(message({ answers }), QUESTION)).toEqual({
      state: 'addresses',
      addresses: ['192.0.2.9'],
      ttl: 20,
    })
  })

  test('aliases in a circle are no answer', () => {
    const answers = [record(5, 20, ASKED)]
    expect(readAnswer(message({ answers }), QUESTION)).toEqual({ state: 'bad', code: 'malformed' })
  })

  test('an address of another name is not taken', () => {
    const other = [...Buffer.from('\x05other\x03org\0', 'latin1')]
    const answers = [record(1, 300, [192, 0, 2, 1], other)]
    expect(readAnswer(message({ answers }), QUESTION)).toMatchObject({ state: 'none' })
  })

  test('nothing there, for as long as the zone says (RFC 2308)', () => {
    const soa = record(6, 900, [0, 0, ...Array<number>(16).fill(0), 0, 0, 0, 120])
    for (const flags of [0x8180, 0x8183]) {
      expect(readAnswer(message({ flags, authorities: [soa] }), QUESTION)).toEqual({
        state: 'none',
        ttl: 120,
      })
    }
  })

  test.each([
    ['another id', { id: 1 }],
    ['another name', { name: 'www.example.com' }],
    ['another type', { type: 'AAAA' as const }],
  ])('%s is not ours', (_what, difference) => {
    expect(readAnswer(message({}), { ...QUESTION, ...difference })).toEqual({
      state: 'bad',
      code: 'not_ours',
    })
  })

  test('a question is no answer', () => {
    expect(readAnswer(writeQuestion(QUESTION)!, QUESTION)).toEqual({ state: 'bad', code: 'not_ours' })
  })

  test.each([
    [0x8182, { state: 'refused', rcode: 2 }],
    [0x8185, { state: 'refused', rcode: 5 }],
    [0x8380, { state: 'truncated' }],
  ])('flags %s', (flags, answer) => {
    expect(readAnswer(message({ flags }), QUESTION)).toEqual(answer)
  })

  test('a server that refuses may leave the question out', () => {
    const bare = message({ flags: 0x8185, question: Buffer.alloc(0) })
    expect(readAnswer(bare, QUESTION)).toEqual({ state: 'refused', rcode: 5 })
  })

  test('any prefix of an answer is no answer, and never an error', () => {
    const whole = message({ answers: [record(1, 300, [192, 0, 2, 1]), record(5, 1, ASKED)] })
    for (let n = 0; n < whole.length; n++) {
      expect(readAnswer(whole.subarray(0, n), QUESTION), `${n} bytes`).toMatchObject({ state: 'bad' })
    }
  })

  test('any bytes are read without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const tail = Buffer.concat([message({}).subarray(0, 6), words(9, 9, 9), NAME, words(1, 1), bytes])
        expect(readAnswer(tail, QUESTION).state).toBeDefined()
        expect(readAnswer(Buffer.from(bytes), QUESTION).state).toBeDefined()
      }),
    )
  })

  test('any damage to an answer is read without an error', () => {
    const whole = message({ answers: [record(5, 9, ASKED), record(1, 300, [192, 0, 2, 1])] })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(whole)
        damaged[at] = value
        expect(readAnswer(damaged, QUESTION).state).toBeDefined()
      }),
    )
  })
})
