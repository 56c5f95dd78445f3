import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findInFolder } from './folder.ts'

let parent: string
let root: string

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'folder-'))
  root = join(parent, 'site')
  mkdirSync(join(root, 'docs', 'empty'), { recursive: true })
  mkdirSync(join(root, '.well-known'))
  mkdirSync(join(root, '.git'))
  mkdirSync(join(root, 'odd', 'index.html'), { recursive: true })
  mkdirSync(join(root, 'leaking'))
  mkdirSync(join(parent, 'site-secret'))
  const files = ['index.html', 'docs/index.html', 'docs/a b?.txt', '.well-known/x', '.git/config', '.env']
  for (const name of files) writeFileSync(join(root, name), name)
  writeFileSync(join(parent, 'secret'), 'secret')
  writeFileSync(join(parent, 'site-secret', 'index.html'), 'secret')
  symlinkSync('../secret', join(root, 'link-out'))
  symlinkSync('../site-secret', join(root, 'folder-out'))
  symlinkSync('../../secret', join(root, 'leaking', 'index.html'))
  symlinkSync('docs/index.html', join(root, 'link-in'))
  symlinkSync('loop', join(root, 'loop'))
  spawnSync('mkfifo', [join(root, 'pipe')])
})
afterAll(() => rmSync(parent, { recursive: true }))

/** The text found, or the kind of answer. */
async function ask(target: string): Promise<string> {
  const found = await findInFolder(root, target)
  if (found.kind === 'moved') return `→ ${found.location}`
  if (found.kind === 'missing') return 'missing'
  const text = await found.handle.readFile('utf8')
  await found.handle.close()
  return text
}

test.each([
  ['/', 'index.html'],
  ['/index.html?x=1', 'index.html'],
  ['/docs/', 'docs/index.html'],
  ['/docs/../index.html', 'index.html'],
  ['/docs//index.html', 'docs/index.html'],
  ['/docs/a%20b%3F.txt', 'docs/a b?.txt'],
  ['/docs', '→ /docs/'],
  ['//docs', '→ /docs/'],
  ['/link-in', 'docs/index.html'],
  ['/.well-known/x', '.well-known/x'],
])('%s is %s', async (target, expected) => expect(await ask(target)).toBe(expected))

test.each([
  '/docs/empty/',
  '/none',
  '/index.html/',
  '/odd/',
  '/pipe',
  '/loop',
  '/.git/config',
  '/.env',
  '/%2egit/config',
  '/../secret',
  '/../site-secret/',
  '/%2e%2e/secret',
  '/..%2fsecret',
  '/docs/..%2f..%2fsecret',
  '/%252e%252e/secret',
  '/..%5csecret',
  '/..\\secret',
  '/....//secret',
  '/%c0%ae%c0%ae/secret',
  '/link-out',
  '/folder-out',
  '/folder-out/',
  '/leaking/',
  '/index.html%00.txt',
  '/%',
  'http://other/secret',
  '*',
  '',
  `/${'a'.repeat(5000)}`,
])('%s is missing', async (target) => expect(await ask(target)).toBe('missing'))

test('no target at all leads out of the folder', async () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '/',
    '%2f',
    '%2e',
    '\\',
    '%5c',
    'docs',
    'secret',
    'site-secret',
    'link-out',
    '%',
    '\0',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      expect(await ask(`/${pieces.join('')}`)).not.toBe('secret')
    }),
    { numRuns: 300 },
  )
})

test('a folder that is not there has nothing in it', async () => {
  expect(await findInFolder(join(parent, 'gone'), '/')).toEqual({ kind: 'missing' })
})
