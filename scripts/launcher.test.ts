// needs: getconf flock find
import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const HERE = fileURLToPath(new URL('..', import.meta.url))
const OWN_NODE = `node_modules/node-linux-${process.arch}`
const PINO = { 'node_modules/pino': { version: '1.0.0', integrity: 'sha512-a' } }
const NODE = { [OWN_NODE]: { version: '26.10.0', integrity: 'sha512-b', optional: true } }

let folder: string
let root: string
let bin: string

const write = (path: string, content: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
const program = (name: string, script: string) => {
  write(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}
const lock = (path: string, packages: object) =>
  write(
    join(root, path),
    JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'x' }, ...packages } }),
  )

interface Ended {
  status: number | null
  out: string
  said: string
}
const start = (words: string[] = [], file = join(root, 'portico'), cwd = folder): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(file, words, { cwd, env: { PATH: bin, HOME: folder } }, (_, out, said) =>
      resolve({ status: child.exitCode, out, said }),
    )
  })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher '))
  root = join(folder, 'checkout')
  bin = join(folder, 'bin')
  for (const name of ['portico', 'scripts/install.mjs', 'scripts/strip.mjs']) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    copyFileSync(join(HERE, name), join(root, name))
  }
  write(join(root, 'package.json'), '{"name":"x","type":"module"}')
  write(join(root, '.npmrc'), '')
  write(
    join(root, 'src/cli/main.ts'),
    `const words: string[] = process.argv.slice(2)
     console.log(JSON.stringify({ words, flags: process.execArgv, version: 1 }))
     process.exitCode = Number(words[0] ?? 0)\n`,
  )
  lock('package-lock.json', { ...PINO, ...NODE })
  lock('node_modules/.package-lock.json', { ...PINO, ...NODE })
  mkdirSync(join(root, OWN_NODE, 'bin'), { recursive: true })
  symlinkSync(process.execPath, join(root, OWN_NODE, 'bin/node'))
  mkdirSync(bin)
  for (const name of ['sh', 'find', 'uname', 'readlink', 'getconf', 'flock', 'cp', 'mkdir', 'ln']) {
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
      join(bin, name),
    )
  }
  program('node', `if [ "$1" = --version ]; then echo v20.9.0; else exec '${process.execPath}' "$@"; fi`)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a start', () => {
  test('hands on every argument and the exit status, with the inspector signal off', async () => {
    const ended = await start(['3', 'a b', '--flag', ''])
    expect(ended.status).toBe(3)
    expect(JSON.parse(ended.out)).toEqual({
      words: ['3', 'a b', '--flag', ''],
      flags: ['--disable-sigusr1'],
      version: 1,
    })
  })

  test('says what it prepares once, then nothing', async () => {
    expect((await start()).said).toMatch(/^portico: stripping types/)
    expect((await start()).said).toBe('')
  })

  test('works through symbolic links, and from the checkout itself', async () => {
    symlinkSync(join(root, 'portico'), join(folder, 'absolute'))
    symlinkSync('absolute', join(folder, 'relative'))
    expect((await start(['5'], join(folder, 'relative'))).status).toBe(5)
    expect((await start(['6'], './portico', root)).status).toBe(6)
  })

  test("takes the host's Node where that is new enough, and needs no own one", async () => {
    program(
      'node',
      `if [ "$1" = --version ]; then echo v24.15.0; else HOST=yes exec '${process.execPath}' "$@"; fi`,
    )
    write(join(root, 'src/cli/main.ts'), 'console.log(process.env.HOST)\n')
    rmSync(join(root, OWN_NODE), { recursive: true })
    lock('node_modules/.package-lock.json', PINO)
    expect(await start()).toMatchObject({ status: 0, out: 'yes\n' })
  })

  test.each(['v24.14.9', 'v22.30.0', 'v9.99.0', 'nonsense'])(
    'does not take %s for new enough',
    async (version) => {
      program(
        'node',
        `if [ "$1" = --version ]; then echo ${version}; else HOST=yes exec '${process.execPath}' "$@"; fi`,
      )
      write(join(root, 'src/cli/main.ts'), 'console.log(process.env.HOST)\n')
      expect(await start()).toMatchObject({ status: 0, out: 'undefined\n' })
    },
  )

  test('notices an edited source, also one whose time was set back', async () => {
    await start()
    const main = join(root, 'src/cli/main.ts')
    write(main, `console.log('edited')\n`)
    utimesSync(main, 1_000_000_000, 1_000_000_000)
    expect((await start()).out).toBe('edited\n')
  })

  test('four at once on a fresh checkout all run', async () => {
    const all = await Promise.all([start(), start(), start(), start()])
    expect(new Set(all.map(({ status, out }) => `${status} ${out}`))).toEqual(
      new Set(['0 {"words":[],"flags":["--disable-sigusr1"],"version":1}\n']),
    )
    expect(all.filter(({ said }) => said.includes('stripping'))).toHaveLength(1)
  })

  test('says which source cannot be stripped, and leaves with 70', async () => {
    write(join(root, 'src/cli/main.ts'), 'enum No { A }\n')
    const ended = await start()
    expect(ended.status).toBe(70)
    expect(ended.said).toContain('src/cli/main.ts')
  })
})

describe('a system that cannot run the own Node is told so first', () => {
  test.each([
    ['musl', () => program('getconf', '[ "$1" = LONG_BIT ] && echo 64 || exit 1'), 'apk add nodejs'],
    [
      'glibc 2.27',
      () => program('getconf', '[ "$1" = LONG_BIT ] && echo 64 || echo "glibc 2.27"'),
      'needs 2.28',
    ],
    [
      '32-bit programs',
      () => program('getconf', '[ "$1" = LONG_BIT ] && echo 32 || echo "glibc 2.36"'),
      '64-bit',
    ],
    ['armv7l', () => program('uname', '[ "$1" = -m ] && echo armv7l || echo Linux'), '64-bit'],
    ['macOS', () => program('uname', '[ "$1" = -m ] && echo arm64 || echo Darwin'), '24.15'],
  ])('%s', async (_, pretend, advice) => {
    rmSync(join(bin, 'getconf'))
    rmSync(join(bin, 'uname'))
    program('getconf', '[ "$1" = LONG_BIT ] && echo 64 || echo "glibc 2.36"')
    program('uname', '[ "$1" = -m ] && echo x86_64 || echo Linux')
    program('ldd', 'echo "musl libc (x86_64)" >&2; exit 1')
    pretend()
    rmSync(join(root, 'node_modules'), { recursive: true })
    const ended = await start()
    expect(ended.status).toBe(69)
    expect(ended.said).toContain(advice)
    expect(existsSync(join(root, 'build'))).toBe(false)
  })
})

describe('packages', () => {
  const NEWER = { 'node_modules/pino': { version: '1.1.0', integrity: 'sha512-c' } }
  beforeEach(() =>
    lock('package-lock.json', { ...NEWER, ...NODE, 'node_modules/vitest': { version: '1', dev: true } }),
  )

  test('are installed when the lock asks for others, without those of the tests', async () => {
    program(
      'npm',
      `echo "$@" >'${folder}/asked'; cp package-lock.json '${folder}/lock'
       mkdir -p ${OWN_NODE}/bin; ln -s '${process.execPath}' ${OWN_NODE}/bin/node
       cp package-lock.json node_modules/.package-lock.json`,
    )
    expect(await start(['4'])).toMatchObject({ status: 4 })
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(/^ci --omit=dev --ignore-scripts /)
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')).packages)).toEqual([
      '',
      'node_modules/pino',
      OWN_NODE,
    ])
    expect((await start()).said).toBe('')
  })

  test('a registry that is out of reach: exit 75, and what was installed is still there', async () => {
    program('npm', 'echo "npm error code ENOTFOUND" >&2; exit 1')
    const before = readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')
    const ended = await start()
    expect(ended.status).toBe(75)
    expect(ended.said).toContain('cannot be reached (ENOTFOUND)')
    expect(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).toBe(before)
  })

  test('no npm: exit 69 and the line that mends it', async () => {
    const ended = await start()
    expect(ended.status).toBe(69)
    expect(ended.said).toContain('npm is missing')
  })

  test('no Node at all: exit 69 and the line that mends it', async () => {
    rmSync(join(bin, 'node'))
    rmSync(join(root, 'node_modules'), { recursive: true })
    const ended = await start()
    expect(ended.status).toBe(69)
    expect(ended.said).toContain('Node is missing')
  })
})
