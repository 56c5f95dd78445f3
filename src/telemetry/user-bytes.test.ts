import { expect, test } from 'vitest'
import { allocateCounters } from './counters.ts'
import { openExposition } from './prometheus.ts'
import { userBytes } from './user-bytes.ts'

test('a user’s bytes stand beside the metrics of the catalogue, as they are at the scrape', async () => {
  const used = [
    { up: 1, down: 2 },
    { up: 0, down: 5_000_000_000 },
  ]
  const collector = userBytes(['alice', 'bob@example.org'], (user) => used[user]!)
  const scrape = openExposition(allocateCounters(1), { version: '1', node: '2' }, [collector])
  await scrape()
  used[0]!.up = 7
  const { body } = await scrape()
  expect(body.split('\n').filter((line) => line.includes('user_bytes_total'))).toEqual([
    '# HELP portico_user_bytes_total Payload bytes of a user: up is away from the client, down towards it.',
    '# TYPE portico_user_bytes_total counter',
    'portico_user_bytes_total{user="alice",direction="up"} 7',
    'portico_user_bytes_total{user="alice",direction="down"} 2',
    'portico_user_bytes_total{user="bob@example.org",direction="up"} 0',
    'portico_user_bytes_total{user="bob@example.org",direction="down"} 5000000000',
  ])
  expect(body).toContain('portico_build_info')
})
