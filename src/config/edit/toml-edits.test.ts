import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readToml, type Table, type Value } from '../toml.ts'
import { TomlEditError, TomlEdits } from './toml-edits.ts'
import { scanToml } from './toml-scan.ts'
import { type TomlEntries, type TomlValue, tomlKey, tomlText } from './toml-value.ts'

function edited(text: string, act: (edits: TomlEdits) => void): string {
  const edits = new TomlEdits(text)
  act(edits)
  return edits.result()
}

function tree(text: string): Value {
  const read = readToml(text)
  expect(read.problems).toEqual([])
  return JSON.parse(JSON.stringify(read.tree))
}

const FILE = `# top
listen = "443"   # both

[front]
domain = "www.example.org"

# people
[users.alice] # first
  secret = "a1" # hers
  # limits
  sessions = 5

[users.alice.quota]
bytes = "1 GiB"

# bob pays
[users.bob]
secret = 'b1'

# plans follow
[plans.basic]
sessions = 3
# end`

describe('in a file of tables', () => {
  test('a user is added behind the last one', () => {
    const text = edited(FILE, (edits) => edits.addTable(['users', 'carl'], { secret: 'c1', tags: ['x'] }))
    expect(text).toBe(
      FILE.replace("secret = 'b1'\n", 'secret = \'b1\'\n\n[users.carl]\nsecret = "c1"\ntags = ["x"]\n'),
    )
  })

  test('several are added in order', () => {
    const text = edited('[users.a]\nsecret = "1"', (edits) => {
      for (const name of ['b', 'c']) edits.addTable(['users', name], { secret: name })
    })
    expect(text).toBe('[users.a]\nsecret = "1"\n\n[users.b]\nsecret = "b"\n\n[users.c]\nsecret = "c"\n')
  })

  test('into an empty file, and into one with a mark of its encoding', () => {
    const add = (edits: TomlEdits) => edits.addTable(['users', 'a'], { secret: '1' })
    expect(edited('', add)).toBe('[users.a]\nsecret = "1"\n')
    expect(edited('\uFEFFlisten = 1\r\n', add)).toBe('\uFEFFlisten = 1\r\n\r\n[users.a]\r\nsecret = "1"\r\n')
  })

  test('a user goes with all tables of it, and nothing else does', () => {
    expect(edited(FILE, (edits) => edits.remove(['users', 'alice']))).toBe(
      FILE.replace(/\[users\.alice\] # first[\s\S]*# bob/, '# bob'),
    )
    expect(edited(FILE, (edits) => edits.remove(['users', 'nobody']))).toBe(FILE)
  })

  test('a value is replaced where it stands, its comment stays', () => {
    const text = edited(FILE, (edits) => edits.setKeys(['users', 'alice'], { secret: 'new', note: 'n "q"' }))
    expect(text).toBe(
      FILE.replace('"a1"', '"new"').replace('  sessions = 5\n', '  sessions = 5\n  note = "n \\"q\\""\n'),
    )
  })

  test('a table of its own gives way to an inline one', () => {
    const text = edited(FILE, (edits) => edits.setKeys(['users', 'alice'], { quota: { bytes: '2 GiB' } }))
    expect(text).toContain('  sessions = 5\n  quota = { bytes = "2 GiB" }\n\n# bob pays')
    expect(text).not.toContain('[users.alice.quota]')
  })

  test('a previous secret comes first in the list, however that is written', () => {
    const item = { secret: 'old', until: new Date(0) }
    const add = (text: string) => edited(text, (edits) => edits.addToList(['users', 'a', 'previous'], item))
    expect(add('[users.a]\nsecret = "1"\n')).toBe(
      '[users.a]\nsecret = "1"\nprevious = [{ secret = "old", until = 1970-01-01T00:00:00Z }]\n',
    )
    expect(add('[users.a]\nprevious = [ # c\n {secret="2"}]\n')).toContain(
      'previous = [{ secret = "old", until = 1970-01-01T00:00:00Z },  # c\n {secret="2"}]',
    )
    expect(add('[users.a]\n[[users.a.previous]]\nsecret = "2"\n[x]\n')).toBe(
      '[users.a]\n[[users.a.previous]]\nsecret = "2"\n\n[[users.a.previous]]\nsecret = "old"\nuntil = 1970-01-01T00:00:00Z\n[x]\n',
    )
  })

  test('elements leave a list, however it is written, and others come', () => {
    const move = (text: string) =>
      edited(text, (edits) => {
        const gone = edits.removeFromList(['front', 'site'], (item) => item.domain === 'b')
        expect(gone).toBe(1)
        edits.addToList(['front', 'site'], { domain: 'c' })
      })
    expect(move('[front]\nsite = [{ domain = "a" }, { domain = "b" }] # s\n')).toBe(
      '[front]\nsite = [{ domain = "c" }, { domain = "a" }] # s\n',
    )
    expect(move('[front]\nsite = [{ domain = "b" }]\n')).toBe('[front]\nsite = [{ domain = "c" }]\n')
    expect(move('[[front.site]]\ndomain = "a"\n\n# b\n[[front.site]]\ndomain = "b"\n\n[x]\n')).toBe(
      '[[front.site]]\ndomain = "a"\n\n[[front.site]]\ndomain = "c"\n\n# b\n[x]\n',
    )
  })

  test('what is there is not added again', () => {
    expect(() => edited(FILE, (edits) => edits.addTable(['users', 'bob'], {}))).toThrow(TomlEditError)
  })

  test('names, in any form', () => {
    expect(new TomlEdits(FILE).names(['users'])).toEqual(['alice', 'bob'])
    expect(new TomlEdits('users = { a = {}, "b.c" = {} }').names(['users'])).toEqual(['a', 'b.c'])
    expect(new TomlEdits('users.a.secret = "1"\n[users]\nb = {}').names(['users'])).toEqual(['a', 'b'])
  })
})

/** One file of the same meaning in five styles: what an edit means must not depend on the style. */
const STYLES = {
  headers: (users: TomlEntries) =>
    Object.entries(users)
      .map(
        ([name, user]) => `# of ${name}\n[${tomlKey(['users', name])}] # h\n${lines(user as TomlEntries)}\n`,
      )
      .join(''),
  subtables: (users: TomlEntries) =>
    Object.entries(users)
      .map(([name, user]) => {
        const { quota, ...rest } = user as Record<string, TomlValue>
        const more =
          quota === undefined
            ? ''
            : `\n  [${tomlKey(['users', name, 'quota'])}]\n${lines(quota as TomlEntries)}`
        return `[${tomlKey(['users', name])}]\n${lines(rest)}${more}\n`
      })
      .join('\n'),
  lines: (users: TomlEntries) => `[users] # all\n${lines(users)}`,
  dotted: (users: TomlEntries) =>
    Object.entries(users)
      .flatMap(([name, user]) =>
        Object.entries(user as TomlEntries).map(
          ([key, value]) => `${tomlKey(['users', name, key])} = ${tomlText(value)} # ${key}\n`,
        ),
      )
      .join(''),
  inline: (users: TomlEntries) => `users = ${tomlText(users)} # in one line\n`,
}

function lines(entries: TomlEntries): string {
  return Object.entries(entries)
    .map(
      ([key, value]) => `${tomlKey([key])} = ${tomlText(value)} # about ${key.replace(/\W/g, '')}\n# more\n`,
    )
    .join('')
}

const word = fc.string({ minLength: 0, maxLength: 8, unit: 'binary' }).map((text) => text.toWellFormed())
const name = fc.oneof(fc.constantFrom('alice', 'bob', 'c.d', 'e@f', 'x-1'), fc.stringMatching(/^[a-z]{1,3}$/))
const userKey = fc.constantFrom('note', 'sessions', 'enabled', 'tags', 'quota')
const scalar = fc.oneof(word, fc.integer(), fc.boolean())
const value: fc.Arbitrary<TomlValue> = fc.oneof(
  scalar,
  fc.array(word, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('bytes', 'period', 'then'), scalar, { minKeys: 1, maxKeys: 3 }),
)
const user = fc
  .tuple(word, fc.dictionary(userKey, value, { maxKeys: 4 }))
  .map(([secret, more]): TomlEntries => ({ secret, ...more, quota: { bytes: 'x' } }))
const users = fc.dictionary(name, user, { minKeys: 1, maxKeys: 5 })
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), name, user }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('set' as const), name, key: userKey, value: fc.option(value) }),
  fc.record({ kind: fc.constant('previous' as const), name, secret: word }),
)

type Change = typeof change extends fc.Arbitrary<infer C> ? C : never

function intended(before: Table, each: Change): Table {
  const all = structuredClone(before)
  const here = all[each.name] as Table | undefined
  if (each.kind === 'add') {
    if (here === undefined) all[each.name] = plain(each.user)
  } else if (each.kind === 'remove') delete all[each.name]
  else if (here === undefined) return all
  else if (each.kind === 'previous') {
    here.previous = [{ secret: each.secret }, ...((here.previous as Value[] | undefined) ?? [])]
  } else if (each.value === null) delete here[each.key]
  else here[each.key] = plain(each.value)
  return all
}

function apply(edits: TomlEdits, each: Change): void {
  const path = ['users', each.name]
  if (each.kind === 'add') {
    if (!edits.has(path)) edits.addTable(path, each.user)
  } else if (each.kind === 'remove') edits.remove(path)
  else if (!edits.has(path)) return
  else if (each.kind === 'previous') edits.addToList([...path, 'previous'], { secret: each.secret })
  else edits.setKeys(path, { [each.key]: each.value ?? undefined })
}

function plain(any: unknown): Table {
  return JSON.parse(JSON.stringify(any))
}

function comments(text: string): string[] {
  const found: string[] = []
  let at = 0
  for (const table of scanToml(text)) {
    for (const pair of table.pairs) {
      found.push(text.slice(at, pair.start), text.slice(pair.valueEnd, pair.end))
      at = pair.end
    }
  }
  return [...found, text.slice(at)].flatMap((gap) => gap.match(/#[^\r\n]*/g) ?? [])
}

const FRAME = {
  before: '# first line\nlisten = "443" # l\n',
  after: '\n# before the plans\n[plans.p] # p\nnote = "#"\n# last',
}

describe.each(Object.keys(STYLES) as (keyof typeof STYLES)[])('any edit of a file of %s', (style) => {
  const write = (all: TomlEntries) => `${FRAME.before}${STYLES[style](all)}${FRAME.after}`

  test('parses to what was meant, and the rest of the file is as before', () => {
    fc.assert(
      fc.property(users, fc.array(change, { maxLength: 4 }), fc.boolean(), (all, changes, crlf) => {
        let text = write(all)
        if (crlf) text = text.replaceAll('\n', '\r\n')
        let meant = plain(all)
        for (const each of changes) {
          text = edited(text, (edits) => apply(edits, each))
          meant = intended(meant, each)
        }
        const { users: got = {}, ...rest } = tree(text) as Table
        expect(got).toEqual(meant)
        expect(rest).toEqual({ listen: '443', plans: { p: { note: '#' } } })
        for (const comment of ['# first line', '# l', '# before the plans', '# p', '# last'])
          expect(comments(text)).toContain(comment)
      }),
      { numRuns: 150 },
    )
  })

  test('adding and setting keep every comment, and every line that is not named', () => {
    fc.assert(
      fc.property(users, name, scalar, (all, who, note) => {
        const text = write(all)
        const isThere = Object.hasOwn(all, who)
        const after = edited(text, (edits) => {
          if (isThere) edits.setKeys(['users', who], { note })
          else edits.addTable(['users', who], { secret: 's', note })
        })
        const left = comments(after)
        expect(left).toEqual(comments(text))
        const changed = text.split('\n').filter((line) => !after.split('\n').includes(line))
        expect(changed.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 100 },
    )
  })

  test('several edits at once are the same as one after the other', () => {
    fc.assert(
      fc.property(
        users,
        fc.uniqueArray(change, { selector: (each) => each.name, maxLength: 4 }),
        (all, changes) => {
          const text = write(all)
          let meant = plain(all)
          for (const each of changes) meant = intended(meant, each)
          const after = edited(text, (edits) => {
            for (const each of changes) apply(edits, each)
          })
          expect((tree(after) as Table).users ?? {}).toEqual(meant)
        },
      ),
      { numRuns: 100 },
    )
  })
})

test('the scanner finds what the parser finds', () => {
  const tricky = [
    'a = """\n[not.a.table] # no\n"" \\""" """"" # yes\nb = \'\'\'x\'\'\'\'\'\n',
    'a = [ # [\n "]", \'#\', [1, # ]\n], {b = "}"} ] # end\n[t."x y".\'z\'] \nd = 1979-05-27 07:32:00Z\n',
    '[a]\n\n# only a comment',
    '"q\\u0041\\"".b = 1\r\n[[l]]\r\nx = [\r\n]\r\n',
  ]
  for (const text of tricky) {
    const keys = scanToml(text).flatMap(({ path, pairs }) => pairs.map(({ key }) => [...path, ...key]))
    const { tree: parsed, problems } = readToml(text)
    expect(problems).toEqual([])
    for (const key of keys) {
      let here: unknown = parsed
      for (const part of key) here = Array.isArray(here) ? here[0][part] : (here as Table)[part]
      expect(here).toBeDefined()
    }
  }
})
