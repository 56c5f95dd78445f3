import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readToml, type Value } from './toml.ts'

const name = fc.constantFrom('alice', 'bob', 'carl', 'd-1', '"e.f"', '7')
const key = fc.constantFrom(
  'secret',
  'note',
  'sessions',
  'enabled',
  'tags',
  'quota',
  'expires',
  'quota.bytes',
  '"note"',
)
const value = fc.constantFrom(
  '"8f0c4a1be27d5936"',
  '"é # x"',
  "'lit'",
  '"\\u00e9\\n"',
  '"""a\nb"""',
  '5',
  '-5',
  '0x1f',
  '1_000',
  '1.5',
  'true',
  '2027-01-31T12:00:00Z',
  '[ "a", # c\n  "b" ]',
  '{ bytes = "1 GiB", then = { a = [1] } }',
  '"unclosed',
  'bare',
  '',
)
const pair = fc
  .tuple(
    fc.constantFrom('', '  '),
    key,
    fc.constantFrom(' = ', '='),
    value,
    fc.constantFrom('', ' # comment', '\r'),
  )
  .map((parts) => parts.join(''))
const table = fc.oneof(
  { weight: 8, arbitrary: name.map((each) => `[users.${each}] # h`) },
  { weight: 1, arbitrary: name.map((each) => `  [ users . ${each} ]`) },
  fc.constantFrom(
    '[users]',
    '[[users]]',
    '[plans.basic]',
    '[users.alice.quota]',
    '[[users.bob.previous]]',
    'users.carl.note = "x"',
    'users = {}',
    '# [users.alice]',
  ),
)
const file = fc
  .array(fc.tuple(table, fc.array(pair, { maxLength: 3 })), { maxLength: 6 })
  .map((tables) => tables.map(([head, pairs]) => [head, ...pairs, ''].join('\n')).join('\n'))

function paths(tree: Value, before: (string | number)[] = []): (string | number)[][] {
  if (typeof tree !== 'object' || tree instanceof Date) return [before]
  const keys = Array.isArray(tree) ? [...tree.keys()] : Object.keys(tree)
  return [
    before,
    ...keys.flatMap((each) => paths((tree as Record<string | number, Value>)[each]!, [...before, each])),
  ]
}

/** The same with and without the parser; of invalid text both say that it is. */
function compare(text: string): void {
  const [slow, fast] = [readToml(text, Number.POSITIVE_INFINITY), readToml(text, 1)]
  if (slow.problems.length > 0) {
    expect(fast.problems.length).toBeGreaterThan(0)
    return
  }
  expect(fast.problems).toEqual([])
  expect(fast.tree).toEqual(slow.tree)
  expect(JSON.stringify(fast.tree.users)).toBe(JSON.stringify(slow.tree.users))
  for (const path of paths(slow.tree)) {
    if (path.length === 0) continue
    expect([path, fast.keyAt(path), fast.valueAt(path)]).toEqual([path, slow.keyAt(path), slow.valueAt(path)])
  }
}

test('users that are read beside the parser are what it would have read, at the same places', () => {
  fc.assert(fc.property(file, compare), { numRuns: 2000 })
})

test('whatever is broken in a good file', () => {
  const good = Array.from(
    { length: 4 },
    (_, n) => `[users.u${n}]\nsecret = "${n}"\nquota = { bytes = "1 GiB" } # q\n`,
  ).join('\n')
  fc.assert(
    fc.property(
      fc.nat(good.length),
      fc.nat(3),
      fc.constantFrom('', '"', '[', ']', '=', '\n', '#', '\u0001', '{', ',', 'x'),
      (at, cut, put) => {
        compare(good.slice(0, at) + put + good.slice(at + cut))
      },
    ),
    { numRuns: 1000 },
  )
})
