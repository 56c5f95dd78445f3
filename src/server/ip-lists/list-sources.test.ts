import { expect, test } from 'vitest'
import { listSources } from './list-sources.ts'

test('each list has a short name of its own, block before only', () => {
  const block = [
    'https://iplists.example/files/firehol_level1.netset',
    '/etc/lists/firehol_level1.netset',
    'https://lists.example/?key=secret',
    'https://lists.example/de.zone/',
    '/etc/only',
    '/srv/meine Liste.v4.txt',
  ]
  const sources = listSources({ block, only: ['https://lists.example/de.zone'] })
  expect(sources.map(({ rule, kind, name }) => `${rule} ${kind} ${name}`)).toEqual([
    'block url firehol_level1',
    'block file firehol_level1-2',
    'block url lists',
    'block url de',
    'block file only-2',
    'block file meine_Liste.v4',
    'only url de-2',
  ])
  expect(sources.map(({ location }) => location)).toEqual([...block, 'https://lists.example/de.zone'])
  expect(new Set(sources.map(({ copy }) => copy)).size).toBe(7)
  for (const { copy } of sources) expect(copy).toMatch(/^[0-9a-f]{16}\.netset$/)
})
