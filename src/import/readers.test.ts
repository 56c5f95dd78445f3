import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCidr } from '../config/ip.ts'
import { parseRate, parseSize } from '../config/size.ts'
import { complement } from './complement.ts'
import { readPython } from './python-literals.ts'
import { freeName } from './user-name.ts'
import { bitRateOf, goDuration, instantOf, sizeOf } from './values.ts'
import { shellWords } from './words.ts'

describe('Python', () => {
  const tree = (text: string) => ({ ...readPython(text).tree })

  test.each([
    ['A = 5 # five', { A: 5 }],
    ['A = 0x10\nB = 1_000', { A: 16, B: 1000 }],
    ['A = 2 * 3 * 4', { A: 24 }],
    ["A = 'x' \"y\"\nB = '''a\nPORT = 5'''", { A: 'xy', B: 'a\nPORT = 5' }],
    ['A = "\\x41\\u0416\\n\\"" ; B = 1', { A: 'AЖ\n"' }],
    ['A = ("x",)\nB = ("x")\nC = {"x", "y"}', { A: ['x'], B: 'x', C: ['x', 'y'] }],
    ['A: int = 5\nif True:\n    A = 6', { A: 5 }],
    ['A = 1\nA = 2', { A: 2 }],
  ])('%s', (text, expected) => {
    expect(tree(text)).toEqual(expected)
  })

  test('what would have to be executed is named, and not read', () => {
    const reading = readPython(
      'A = int("5")\nB = [1, f()]\nC = x\nD = "a" + "b"\nE = {"k": open("/etc/passwd")}\nF = None',
    )
    expect({ ...reading.tree }).toEqual({})
    expect(reading).toMatchObject({ computed: ['A', 'B', 'C', 'D', 'E'], unset: ['F'], problems: [] })
  })

  test('JSON is Python, but for three words', () => {
    const value = fc
      .jsonValue({ maxDepth: 3 })
      .filter((each) => !/\\ud|null|e[-+]|-0|\d\.\d|\d{16}/i.test(JSON.stringify(each)))
    fc.assert(
      fc.property(value, (each) => {
        const text = JSON.stringify(each).replaceAll('true', 'True').replaceAll('false', 'False')
        if (/True|False/.test(JSON.stringify(each))) return
        const read = readPython(`A = ${text}\n`).tree.A
        const words = JSON.stringify(read)?.replaceAll('True', 'true').replaceAll('False', 'false')
        expect(JSON.parse(words ?? 'null')).toEqual(
          JSON.parse(JSON.stringify(each).replaceAll('True', 'true')),
        )
      }),
      { numRuns: 200 },
    )
  })
})

test.each([
  ['a  b\t"c d" \'e "f"\'', ['a', 'b', 'c d', 'e "f"']],
  ['a\\ b "x\\"y" \'\' z', ['a b', 'x"y', '', 'z']],
  ['a \\\n b', ['a', 'b']],
])('words of %j', (line, words) => {
  expect(shellWords(line)).toEqual(words)
})

test('an open quote is no command line', () => {
  expect(shellWords('a "b')).toBeUndefined()
  expect(shellWords("a 'b")).toBeUndefined()
})

test.each([
  ['5s', 5000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['100ms', 100],
  ['0', 0],
  ['-5s', undefined],
  ['5', undefined],
])('Go’s %s', (text, milliseconds) => {
  expect(goDuration(text)).toBe(milliseconds)
})

test.each([
  ['2031-12-31T23:59:59Z', '2031-12-31T23:59:59Z', false],
  ['2031-12-31T23:59:59+03:00', '2031-12-31T20:59:59Z', false],
  ['2031-12-31', '2031-12-31T00:00:00Z', true],
  [1_956_528_000, '2032-01-01T00:00:00Z', false],
])('the moment %s', (value, instant, assumed) => {
  expect(instantOf(value)).toEqual({ instant, assumed })
})

test('no moment', () => {
  for (const value of ['soon', '2031-13-01', -1, 1e15, true]) expect(instantOf(value)).toBeUndefined()
})

test('sizes and rates are read back as what they were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (amount) => {
      expect(parseSize(sizeOf(amount))).toEqual({ ok: true, value: amount })
      expect(parseRate(bitRateOf(amount * 8))).toEqual({ ok: true, value: amount })
    }),
  )
})

describe('every network but some', () => {
  const holds = (network: string, address: number): boolean => {
    const [base = '', length] = network.split('/')
    if (base.includes(':')) return false
    const number = base.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
    const size = 2 ** (32 - Number(length))
    return address >= number && address < number + size
  }
  const network = fc.tuple(fc.integer({ min: 0, max: 32 }), fc.nat(2 ** 32 - 1)).map(([length, at]) => {
    const size = 2 ** (32 - length)
    const base = Math.floor(at / size) * size
    return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${length}`
  })

  test('holds exactly the other addresses, each once, and says them as portico reads them', () => {
    fc.assert(
      fc.property(fc.array(network, { maxLength: 5 }), fc.nat(2 ** 32 - 1), (networks, address) => {
        const others = complement(networks) ?? []
        const within = others.filter((each) => holds(each, address)).length
        expect(within).toBe(networks.some((each) => holds(each, address)) ? 0 : 1)
        for (const each of others) expect(parseCidr(each).ok).toBe(true)
      }),
    )
  })

  test('IPv6 too', () => {
    expect(complement(['8000::/1', '0.0.0.0/0'])).toEqual(['::/1'])
    expect(complement(['nonsense'])).toBeUndefined()
  })
})

test('names are possible, and no two are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 80 }), { maxLength: 12 }), (olds) => {
      const taken = new Set<string>()
      for (const old of olds) {
        const name = freeName(old, taken)
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/)
        expect(taken.has(name)).toBe(false)
        taken.add(name)
      }
    }),
  )
})
