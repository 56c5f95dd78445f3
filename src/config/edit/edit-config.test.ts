import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../load.ts'
import { editTables, editUsers } from './edit-config.ts'
import { LockError, withFileLock } from './file-lock.ts'
import { UserEditError } from './user-edits.ts'

const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const HEAD =
  '# head\nlisten = "443"\n[front]\ndomain = "www.example.org" # front\naddress = "127.0.0.1:8443"\n\n'
const ALICE = `# alice is first\n[users.alice]\nsecret = "${KEY}" # hers\n`

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-edit-'))
  file = join(dir, 'portico.toml')
  writeFileSync(file, HEAD + ALICE, { mode: 0o600 })
})
afterEach(() => rmSync(dir, { recursive: true }))

const fresh = () => randomBytes(16).toString('hex')
const add = (name: string, more = {}) =>
  editUsers(file, {}, (users) => users.add(name, { secret: fresh(), ...more }))
const text = () => readFileSync(file, 'utf8')

function loaded() {
  const result = loadConfig(file, {})
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.config
}

describe('an edit', () => {
  test('writes what was meant, keeps mode and all the rest', async () => {
    chmodSync(file, 0o640)
    const result = await add('bob', { sessions: 5 })
    expect(result).toMatchObject({ ok: true, written: [{ file, how: 'replaced' }] })
    expect(text().startsWith(HEAD + ALICE)).toBe(true)
    expect(loaded().users.bob).toMatchObject({ sessions: 5 })
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(dir)).toEqual(['portico.toml'])
  })

  test('that would break the file changes nothing, with every problem and its line', async () => {
    const before = text()
    const result = await add('bob', { sesions: 5, secret: KEY })
    expect(result.ok).toBe(false)
    expect(result).toMatchObject({
      problems: [
        { key: 'users.bob.secret', line: 12, message: expect.stringContaining('"alice"') },
        { key: 'users.bob.sesions', line: 13 },
      ],
    })
    expect(text()).toBe(before)
  })

  test('a secret that somebody among many has already is found', async () => {
    await editUsers(file, {}, (users) => {
      for (const name of ['b', 'c', 'd']) users.add(name, { secret: fresh() })
    })
    const secret = loaded().users.c!.secret.toUpperCase()
    expect(await add('e', { secret })).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('"c"') }],
    })
  })

  test('of a file that is no TOML is refused with the place', async () => {
    writeFileSync(file, `${HEAD}[users.alice\n`)
    expect(await add('bob')).toMatchObject({ ok: false, problems: [{ line: 7 }] })
  })

  test('finds users by their file', async () => {
    writeFileSync(file, `users_file = "people.toml"\n${HEAD}${ALICE}`)
    await add('bob')
    const people = join(dir, 'people.toml')
    expect(readFileSync(people, 'utf8')).toMatch(/^\[users\.bob\]\nsecret = "[0-9a-f]{32}"\n$/)
    expect(statSync(people).mode & 0o777).toBe(0o600)
    await editUsers(file, {}, (users) => {
      users.set('alice', { note: 'in the first file' })
      users.set('bob', { enabled: false })
    })
    expect(text()).toContain('note = "in the first file"')
    expect(loaded().users.bob?.enabled).toBe(false)
    await expect(add('alice')).rejects.toThrow(UserEditError)
    await editUsers(file, {}, (users) => users.remove('alice'))
    expect(Object.keys(loaded().users)).toEqual(['bob'])
    expect(await editUsers(file, {}, (users) => users.remove('bob'))).toMatchObject({ ok: false })
  })

  test('of other tables', async () => {
    await editTables(file, {}, (edits) => {
      edits.setKeys([], { public_host: 'p.example.org' })
      edits.setKeys(['front'], { domain: 'new.example.org' })
    })
    expect(text()).toContain(
      'listen = "443"\npublic_host = "p.example.org"\n[front]\ndomain = "new.example.org" # front',
    )
  })

  test('through a symbolic link leaves the link', async () => {
    mkdirSync(join(dir, 'data'))
    const real = join(dir, 'data', 'real.toml')
    writeFileSync(real, text())
    rmSync(file)
    symlinkSync(real, file)
    await add('bob')
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(readFileSync(real, 'utf8')).toContain('[users.bob]')
  })

  test('where a new file would not be the same is made in place, with a backup', async () => {
    const other = join(dir, 'other name.toml')
    linkSync(file, other)
    const before = text()
    const result = await add('bob')
    expect(result).toMatchObject({ ok: true, written: [{ how: 'in_place', backup: `${file}.bak` }] })
    expect(readFileSync(`${file}.bak`, 'utf8')).toBe(before)
    expect(readFileSync(other, 'utf8')).toContain('[users.bob]')
  })

  test('is made anew when another program writes at the same time', async () => {
    let calls = 0
    await editUsers(file, {}, (users) => {
      if (calls++ === 0) writeFileSync(file, text().replace('# head', '# changed by hand'))
      users.add('bob', { secret: fresh() })
    })
    expect(calls).toBe(2)
    expect(text()).toContain('# changed by hand')
    expect(Object.keys(loaded().users)).toEqual(['alice', 'bob'])
  })
})

describe('the lock', () => {
  test('two editors at once lose nothing', async () => {
    const program = join(dir, 'editor.mts')
    writeFileSync(
      program,
      `import { editUsers } from ${JSON.stringify(new URL('edit-config.ts', import.meta.url).href)}
for (let i = 0; i < 20; i++)
  await editUsers(process.argv[2], {}, (users) =>
    users.add(process.argv[3] + i, { secret: crypto.randomUUID().replaceAll('-', '') }))
`,
    )
    const editors = ['a', 'b', 'c'].map((name) => fork(program, [file, name], { stdio: 'inherit' }))
    const codes = await Promise.all(editors.map((each) => new Promise((done) => each.once('exit', done))))
    expect(codes).toEqual([0, 0, 0])
    expect(Object.keys(loaded().users)).toHaveLength(61)
    expect(text().startsWith(HEAD + ALICE)).toBe(true)
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('of a dead process is taken away', async () => {
    const lock = join(dir, '.portico.toml.lock')
    await withFileLock(file, 0, () => {
      const held = JSON.parse(readFileSync(lock, 'utf8'))
      writeFileSync(lock, JSON.stringify({ ...held, born: '1', token: 'x' }))
    })
    await add('bob')
    expect(loaded().users.bob).toBeDefined()
    expect(readdirSync(dir)).toEqual(['portico.toml'])
  })

  test('of a living one is waited for, and named', async () => {
    const error = await withFileLock(file, 0, () => withFileLock(file, 50, () => {}).catch((e: unknown) => e))
    expect(error).toBeInstanceOf(LockError)
    expect((error as Error).message).toContain(String(process.pid))
  })

  test('of another machine counts for half a minute', async () => {
    const lock = join(dir, '.portico.toml.lock')
    writeFileSync(lock, JSON.stringify({ pid: 1, place: 'elsewhere', born: '1', token: 'x' }))
    await expect(withFileLock(file, 50, () => {})).rejects.toThrow(LockError)
    utimesSync(lock, 0, 0)
    await withFileLock(file, 50, () => {})
  })
})

test('one user among 10,000 is added without touching another line, in a fraction of a parse', async () => {
  const many = Array.from(
    { length: 10_000 },
    (_, i) => `[users.u${i}]\nsecret = "${fresh()}"\nnote = "n" # c\n\n`,
  )
  writeFileSync(file, `${HEAD}${many.join('')}# plans\n[plans.p]\n`)
  const before = text()
  const started = performance.now()
  expect(await add('one-more')).toMatchObject({ ok: true })
  expect(performance.now() - started).toBeLessThan(5000)
  const at = before.indexOf('# plans')
  expect(text().startsWith(before.slice(0, at - 1))).toBe(true)
  expect(text().endsWith('\n# plans\n[plans.p]\n')).toBe(true)
  expect(text().length - before.length).toBe('\n[users.one-more]\nsecret = ""\n'.length + 32)
})
