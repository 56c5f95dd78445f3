import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { lookedUpRootWarnings, rootTrouble, rootWarnings } from './root-folder.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'portico-root-'))
  mkdirSync(join(dir, 'empty'))
  mkdirSync(join(dir, 'site'))
  writeFileSync(join(dir, 'site', 'index.html'), '<p>hello</p>')
})
afterAll(() => rmSync(dir, { recursive: true }))

/** @param more lines of `[front]`, and tables behind it */
function config(...more: string[]): Config {
  const file = join(dir, 'portico.toml')
  const lines = ['listen = "443"', '[front]', 'domain = "www.example.org"', ...more]
  writeFileSync(file, [...lines, '[users.a]', 'secret = "8f0c4a1be27d5936a0c4f1e2d3b4a596"', ''].join('\n'), {
    mode: 0o600,
  })
  const loaded = loadConfig(file, {})
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.problems))
  return loaded.config
}

const warnings = (of: Config) => rootWarnings(of, rootTrouble(of))
const BUILT_IN = 'address = "built-in"'
const ELSEWHERE = 'address = "127.0.0.1:8443"'

test('a folder that the built-in site can serve, and none at all', () => {
  expect(warnings(config(BUILT_IN, 'root = "site"'))).toEqual([])
  expect(warnings(config(BUILT_IN))).toEqual([])
  expect(warnings(config(ELSEWHERE))).toEqual([])
})

test.each([
  ['missing', 'nowhere', /nowhere is no folder.*404.*correct front\.root/],
  ['a file', 'site/index.html', /index\.html is no folder/],
  ['without a first page', 'empty', /empty has no index\.html.*404/],
])('one that is %s', (_, root, text) => {
  // Where no address is said the built-in site may serve it.
  for (const address of [BUILT_IN, '']) {
    expect(warnings(config(address, `root = "${root}"`))).toEqual([expect.stringMatching(text)])
  }
})

test('one that nobody serves', () => {
  const unused = [expect.stringContaining('front.root is not used')]
  const main = [ELSEWHERE, 'root = "site"', '[[front.site]]', 'domain = "shop.example.org"']
  const none = config(...main, ELSEWHERE)
  expect(warnings(none)).toEqual(unused)
  expect(lookedUpRootWarnings(none, [])).toEqual([])
  expect(warnings(config(...main, BUILT_IN))).toEqual([])
  const open = config(...main)
  expect(warnings(open)).toEqual([])
  expect(lookedUpRootWarnings(open, [])).toEqual(unused)
  expect(lookedUpRootWarnings(open, ['shop.example.org'])).toEqual([])
})
