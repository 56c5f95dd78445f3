import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { build as buildAloud, danglingSpecifiers, rewriteSpecifiers, sourcePaths } from './strip.mjs'

test.each([
  [`import { a } from './a.ts'`, `import { a } from './a.js'`],
  [`import './side-effect.ts'`, `import './side-effect.js'`],
  [`import*as a from"../net/a.ts"`, `import*as a from"../net/a.js"`],
  [`export { a } from './a.ts'`, `export { a } from './a.js'`],
  [`export * from '../../a.ts'`, `export * from '../../a.js'`],
  [`const a = await import('./a.ts')`, `const a = await import('./a.js')`],
  [
    `new Worker(new URL('./worker.ts', import.meta.url))`,
    `new Worker(new URL('./worker.js', import.meta.url))`,
  ],
  [`import.meta.resolve('./a.ts')`, `import.meta.resolve('./a.js')`],
  [`import {\n  a,\n  b,\n} from './a.ts'`, `import {\n  a,\n  b,\n} from './a.js'`],
])('%s', (before, after) => {
  expect(rewriteSpecifiers(before)).toBe(after)
})

test.each([
  `import { x } from 'package.ts'`,
  `import data from './data.json' with { type: 'json' }`,
  `const name = 'portico.ts'`,
  `const text = './a.ts'`,
  `import { a } from './a.tsx'`,
])('left alone: %s', (code) => {
  expect(rewriteSpecifiers(code)).toBe(code)
})

test('an import that leads nowhere is found', () => {
  const code = `import './here.ts'\nimport '../up.ts'\nimport './gone.ts'`
  expect(danglingSpecifiers(code, 'room/file.ts', new Set(['room/here.ts', 'up.ts']))).toEqual(['./gone.ts'])
})

describe('a build', () => {
  let root: string
  const build = (folder: string) => buildAloud(folder, () => {})
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'strip-'))
    write(
      'src/cli/main.ts',
      `import { answer } from '../room/answer.ts'\nexport const result: number = answer(41)\n`,
    )
    write('src/room/answer.ts', 'export function answer(n: number): number {\n  return n + 1\n}\n')
    write('src/room/answer.test.ts', 'this is never read')
    write('src/room/page.html', '<p>')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  test('runs, keeps lines, copies what is not TypeScript, leaves tests out', async () => {
    expect(build(root)).toBe(true)
    const main = await import(pathToFileURL(join(root, 'build/cli/main.js')).href)
    expect(main.result).toBe(42)
    expect(readFileSync(join(root, 'build/room/answer.js'), 'utf8').split('\n')[1]).toBe('  return n + 1')
    expect(readdirSync(join(root, 'build/room')).toSorted()).toEqual(['answer.js', 'page.html'])
  })

  test('is made again only when a source has changed; the previous one stays for who runs from it', () => {
    build(root)
    const first = readlinkSync(join(root, 'build'))
    expect(build(root)).toBe(false)
    write('src/room/answer.test.ts', 'changed')
    expect(build(root)).toBe(false)
    write('src/room/answer.ts', 'export const answer = (n: number): number => n + 2\n')
    expect(build(root)).toBe(true)
    const second = readlinkSync(join(root, 'build'))
    write('src/room/page.html', '<b>')
    expect(build(root)).toBe(true)
    const third = readlinkSync(join(root, 'build'))
    expect(new Set([first, second, third]).size).toBe(3)
    expect(readdirSync(root).toSorted()).toEqual([second, third, 'build', 'src'].toSorted())
  })

  test('what cannot be erased is an error that names the file, and leaves the last build as it was', () => {
    build(root)
    const before = readlinkSync(join(root, 'build'))
    write('src/room/answer.ts', 'export enum Answer { Yes }\n')
    expect(() => build(root)).toThrow('src/room/answer.ts')
    write('src/room/answer.ts', `import './nowhere.ts'\n`)
    expect(() => build(root)).toThrow('./nowhere.ts')
    expect(readlinkSync(join(root, 'build'))).toBe(before)
    expect(readdirSync(root).toSorted()).toEqual([before, 'build', 'src'].toSorted())
  })

  test('sources are listed with their folders', () => {
    expect(sourcePaths(join(root, 'src'))).toEqual(['cli/main.ts', 'room/answer.ts', 'room/page.html'])
  })
})
