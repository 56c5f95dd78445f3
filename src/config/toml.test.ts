import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_SYNTAX_PROBLEMS, readToml } from './toml.ts'

const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

test('tables, dotted keys, lists of tables', () => {
  const { tree, problems } = readToml(
    'a.b = 1\n[t]\nx = { y = [1, "z"] }\n[[l]]\nn = 1\n[l.sub]\nk = true\n[[l]]\nn = 2\n["q.r".s]\nd = 1.5\n',
  )
  expect(problems).toEqual([])
  expect(plain(tree)).toEqual({
    a: { b: 1 },
    t: { x: { y: [1, 'z'] } },
    l: [{ n: 1, sub: { k: true } }, { n: 2 }],
    'q.r': { s: { d: 1.5 } },
  })
})

test('positions of keys and values', () => {
  const document = readToml(
    '[users.alice]\n  secret = "x"\n[[front.site]]\ndomain = "a"\n[t]\na.b = [1, 2]\n',
  )
  expect(document.keyAt(['users', 'alice', 'secret'])).toEqual({ line: 2, column: 3 })
  expect(document.valueAt(['users', 'alice', 'secret'])).toEqual({ line: 2, column: 12 })
  expect(document.keyAt(['users', 'alice'])).toEqual({ line: 1, column: 8 })
  expect(document.keyAt(['users'])).toEqual({ line: 1, column: 2 })
  expect(document.valueAt(['front', 'site', 0, 'domain'])).toEqual({ line: 4, column: 10 })
  expect(document.valueAt(['t', 'a', 'b', 1])).toEqual({ line: 6, column: 11 })
  expect(document.keyAt(['t', 'a'])).toEqual({ line: 6, column: 1 })
})

test('a missing key stands where its table does', () => {
  const document = readToml('x = 1\n[users.alice]\nnote = ""\n')
  expect(document.keyAt(['users', 'alice', 'secret'])).toEqual({ line: 2, column: 8 })
  expect(document.keyAt(['nowhere'])).toEqual({ line: 1, column: 1 })
})

test('names cannot reach a prototype', () => {
  const { tree } = readToml('[users.__proto__]\nsecret = "x"\n[__proto__]\npolluted = 1\n')
  expect(Object.getPrototypeOf(tree)).toBeNull()
  expect(Object.keys(tree)).toEqual(['users', '__proto__'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test.each([
  ['x =\ny = 1\n', 1, 4, 'the value is missing'],
  ['a = 1\nsecret = 8f0c4a1b\n', 2, 10, 'text stands in quotes'],
  ['domain = www.example.org\n', 1, 10, 'text stands in quotes'],
  ['[a\nb = 1\n', 1, 3, 'value is missing'],
  ['a = "x\nb = 1\n', 1, 7, 'unterminated string'],
])('%j', (text, line, column, message) => {
  expect(readToml(text).problems).toMatchObject([{ line, column, message: expect.stringContaining(message) }])
})

test('every syntax error is reported, and what stands between them is read', () => {
  const { tree, problems } = readToml(
    'a = 1\nb = tru\nc = 3\n[t]\nd =\ne = 5\n[t]\nf = 6\n[t.u]\ng = 1\ng = 2\n',
  )
  expect(problems.map(({ line, key }) => [line, key])).toEqual([
    [2, 'b'],
    [5, ''],
    [7, 't'],
    [11, 't.u.g'],
  ])
  expect(plain(tree)).toEqual({ a: 1, c: 3, t: { e: 5, u: { g: 1 } } })
})

test('noise ends the search', () => {
  const { problems } = readToml('= x\n'.repeat(1000))
  expect(problems).toHaveLength(MAX_SYNTAX_PROBLEMS)
})

test('any text gives a document', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '[',
      ']',
      '[[',
      ']]',
      '=',
      '"',
      "'",
      '"""',
      '{',
      '}',
      ',',
      '.',
      '\n',
      '#',
      'a',
      'users',
      '__proto__',
      '1979-05-27',
      '0x1',
      'true',
      '\\',
      '\r',
      '\u0000',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const document = readToml(pieces.join(''))
      expect(document.problems.length).toBeLessThanOrEqual(MAX_SYNTAX_PROBLEMS)
    }),
    { numRuns: 200 },
  )
})
