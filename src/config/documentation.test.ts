import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configurationPage, configurationSchema, configurationSchemaText } from './documentation.ts'
import { CONTRACT_PATHS, KEY_ROWS } from './keys.ts'
import { NOT_YET } from './not-yet.ts'

const docs = new URL('../../docs/', import.meta.url)

test('the page and the JSON Schema are those of the schema (node scripts/generate-docs.ts)', () => {
  expect(readFileSync(new URL('configuration.md', docs), 'utf8')).toBe(configurationPage())
  expect(readFileSync(new URL('config.schema.json', docs), 'utf8')).toBe(configurationSchemaText())
})

test('every key has a description and a form', () => {
  const bare = KEY_ROWS.filter(({ description, form }) => description === '' || form === '')
  expect(bare.map(({ path }) => path.join('.'))).toEqual([])
})

test('every key stands on the page and in the JSON Schema', () => {
  const page = configurationPage()
  for (const { path } of KEY_ROWS) {
    expect(page).toContain(path[path.length - 1])
    expect(inSchema(configurationSchema(), path), path.join('.')).toBe(true)
  }
  expect(KEY_ROWS.length).toBeGreaterThan(40)
})

interface Node {
  properties?: Record<string, Node>
  items?: Node
  additionalProperties?: Node | boolean
}

function inSchema(root: object, path: readonly string[]): boolean {
  let here: Node | undefined = root
  for (const part of path) {
    const below: Node['additionalProperties'] | undefined =
      part === '*' ? (here?.items ?? here?.additionalProperties) : here?.properties?.[part]
    if (typeof below !== 'object') return false
    here = below
  }
  return here !== undefined
}

test('what comes later is listed', () => {
  const page = configurationPage()
  for (const { path } of NOT_YET) expect(page).toContain(path)
  expect(CONTRACT_PATHS.length).toBeGreaterThan(KEY_ROWS.length)
})
