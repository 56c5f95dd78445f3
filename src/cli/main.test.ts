import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { parseLink } from '../protocol/link.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const KEY = '8f0c4a1be27d5936a0c4f1e2d3b4a596'
const CONFIG = `listen = "1443"
public_host = "p.example.org"
[front]
domain = "www.example.org"
address = "127.0.0.1:8443"
[[front.site]]
domain = "*.example.org"
[users.alice]
secret = "${KEY}"
[users.bob]
secret = "${KEY.replace('8', '9')}"
domain = "bob.example.org"
[users.carl]
secret = "${KEY.replace('8', 'a')}"
enabled = false
`

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-cli-'))
  writeFileSync(join(dir, 'portico.toml'), CONFIG, { mode: 0o600 })
  writeFileSync(join(dir, 'bad.toml'), '[front]\ndomian = "x"\n[users.a]\nsecret = 5\n', { mode: 0o600 })
})
afterAll(() => rmSync(dir, { recursive: true }))

function portico(...words: string[]) {
  const env = { PATH: process.env.PATH ?? '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    cwd: dir,
    env,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('the command line', () => {
  test('without a command: short help', () => {
    const { status, stdout, stderr } = portico()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const command of ['run', 'check', 'link', 'secret', 'config'])
      expect(stdout).toContain(`  ${command} `)
    expect(portico('--help').stdout).toBe(stdout)
  })

  test('help of a command', () => {
    expect(portico('run', '--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--listen ADDRESS'),
    })
  })

  test('version', () => {
    expect(portico('--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  test.each([
    [['chek'], 'check'],
    [['link', '--jsn'], '--json'],
    [['run', '--lisen=443'], '--listen'],
  ])('%j is answered with a suggestion', (words, meant) => {
    expect(portico(...words)).toMatchObject({
      status: 64,
      stdout: '',
      stderr: expect.stringMatching(`Did you mean .?${meant}`),
    })
  })

  test.each([
    [['run', '--listen', 'localhost'], 'not a name'],
    [['secret', '--domain', '1.2.3.4'], 'is an address'],
    [['link', '--qr', '--json'], 'cannot be used together'],
    [['check', 'a', 'b'], 'b'],
  ])('%j is refused', (words, message) => {
    const { status, stderr } = portico(...words)
    expect(status).toBe(64)
    expect(stderr.replaceAll('\n', ' ')).toContain(message)
    expect(stderr).not.toContain('Did you mean')
  })
})

describe('check', () => {
  test('a good file', () => {
    expect(portico('check')).toEqual({
      status: 0,
      stdout: `${join(dir, 'portico.toml')}: OK (3 users)\n`,
      stderr: '',
    })
  })

  test('every problem of a bad one', () => {
    const { status, stdout, stderr } = portico('check', 'bad.toml')
    expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
    expect(stderr).toBe(
      [
        'bad.toml:2:1 front.domian: unknown key; did you mean "domain"?',
        'bad.toml:4:10 users.a.secret: needs 32 hexadecimal digits, has 1: make one with "portico secret"',
        `${join(dir, 'bad.toml')}: 2 problems`,
        '',
      ].join('\n'),
    )
  })

  test('a file that is not there', () => {
    expect(portico('check', 'no.toml')).toMatchObject({
      status: 78,
      stderr: expect.stringContaining(join(dir, 'no.toml')),
    })
  })

  test('a folder for the built-in site that is not there', () => {
    const text = CONFIG.replace('address = "127.0.0.1:8443"', 'address = "built-in"\nroot = "no-such-folder"')
    writeFileSync(join(dir, 'root.toml'), text, { mode: 0o600 })
    const { status, stderr } = portico('check', 'root.toml')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^warning: front\.root \S*no-such-folder is no folder/)
  })

  test('a front that is portico itself', () => {
    writeFileSync(join(dir, 'self.toml'), CONFIG.replace('8443', '1443'), { mode: 0o600 })
    expect(portico('check', 'self.toml')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("portico's own listener"),
    })
  })
})

describe('link', () => {
  test('every enabled user, with the name of each', () => {
    const { status, stdout, stderr } = portico('link')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const links = stdout.match(/tg:\S+/g) ?? []
    expect(links.map((text) => parseLink(text))).toMatchObject([
      {
        ok: true,
        link: {
          server: 'p.example.org',
          port: 1443,
          secret: { kind: 'tls', key: Buffer.from(KEY, 'hex'), domain: 'www.example.org' },
        },
      },
      { ok: true, link: { secret: { domain: 'bob.example.org' } } },
    ])
    expect(stdout).toContain('https://t.me/proxy?server=p.example.org&port=1443&secret=ee')
    expect(stdout).not.toContain('carl')
  })

  test('one user, as JSON, QR and SVG', () => {
    const [bob] = JSON.parse(portico('link', 'bob', '--json').stdout)
    expect(bob).toMatchObject({ user: 'bob', server: 'p.example.org', port: 1443, domain: 'bob.example.org' })
    expect(portico('link', 'bob', '--qr').stdout).toMatch(/[▀▄█]{20}/)
    expect(portico('link', 'bob', '--svg').stdout).toMatch(/^<svg/)
  })

  test('a name that is nobody’s', () => {
    expect(portico('link', 'alcie')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('did you mean "alice"?'),
    })
    expect(portico('link', '--svg')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('name the user'),
    })
  })

  test('problems of the file', () => {
    expect(portico('link', '--config', 'bad.toml')).toMatchObject({ status: 78, stdout: '' })
  })
})

describe('secret', () => {
  test('is fresh each time', () => {
    const [first, second] = [portico('secret').stdout, portico('secret').stdout]
    expect(first).toMatch(/^[0-9a-f]{32}\n$/)
    expect(second).not.toBe(first)
  })

  test('with a name, the form for links; and back', () => {
    const { stdout } = portico('secret', '--domain', 'www.example.org')
    expect(stdout).toMatch(/^ee[0-9a-f]{32}7777772e6578616d706c652e6f7267\n$/)
    const back = portico('secret', '--from', `tg://proxy?server=a&port=443&secret=${stdout.trim()}`)
    expect(back.stdout).toBe(`secret = "${stdout.slice(2, 34)}"\ndomain = "www.example.org"\n`)
  })

  test('what is no secret', () => {
    expect(portico('secret', '--from', 'hello')).toMatchObject({ status: 64, stdout: '' })
  })
})

test('config schema', () => {
  const { status, stdout } = portico('config', 'schema')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { front: {}, users: {} } })
})

test('run refuses a bad file', () => {
  expect(portico('run', 'bad.toml')).toMatchObject({
    status: 78,
    stdout: '',
    stderr: expect.stringContaining('did you mean "domain"?'),
  })
})
