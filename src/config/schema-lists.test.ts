import { describe, expect, test } from 'vitest'
import { readConfig } from './load.ts'
import { MAX_LISTS } from './schema-lists.ts'

function load(lists: string) {
  const text = `[front]
domain = "www.example.org"
address = "127.0.0.1:8443"
[users.alice]
secret = "8f0c4a1be27d5936a0c4f1e2d3b4a596"
[lists]
${lists}
`
  const loaded = readConfig(text, '/srv/portico/portico.toml', {})
  return loaded.ok ? loaded.config.lists : loaded.problems.map(({ key, message }) => `${key}: ${message}`)
}

describe('lists of addresses', () => {
  test('URLs stay, files start at the folder of the configuration', () => {
    const url = 'https://iplists.example/a.netset?b=c'
    const given = `block = ["${url}", " mine.netset"]\nonly = ["/etc/friends"]\nrefresh = "1h"\nthen = "close"`
    const expected = { refresh: 3_600_000, then: 'close' }
    expect(load(given)).toEqual({
      block: [url, '/srv/portico/mine.netset'],
      only: ['/etc/friends'],
      ...expected,
    })
  })

  test.each([
    ['block = [""]', 'lists.block.0: must not be empty'],
    ['block = ["https://"]', 'lists.block.0: "https://" is not a URL'],
    ['only = ["ftp://a.example/b"]', 'lists.only.0: "ftp://a.example/b": a URL begins with https://'],
    [
      'block = ["https://me:mine@a.example/b"]',
      'lists.block.0: a URL with a user name or password is not possible here',
    ],
    ['block = "a"', 'lists.block: expected a list, got "a": write ["a"]'],
    ['refresh = "10s"', 'lists.refresh: at least 1m is needed'],
    ['then = "drop"', 'lists.then: expected one of "front", "close", got "drop"'],
    [`block = [${'"a",'.repeat(MAX_LISTS + 1)}]`, `lists.block: at most ${MAX_LISTS} lists are possible`],
  ])('%s', (lists, problem) => {
    expect(load(lists)).toEqual([problem])
  })
})
