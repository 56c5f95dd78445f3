import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Exchange } from '../net/exchange.ts'
import { readClientHello } from '../protocol/tls/client-hello.ts'
import { whereItLeads } from './where-it-leads.ts'

const site = {
  domain: 'www.example.org',
  endpoint: { kind: 'tcp', host: '198.51.100.7', port: 443 },
} as const
const ANSWER: Exchange = { received: Buffer.from('160303', 'hex'), end: 'quiet' }
const NOTHING: Exchange = { received: Buffer.alloc(0), end: 'reset' }

/** One hello after the other: what came to it, and whether it came in at a listener of ours. */
async function lead(...rounds: { readonly gets: Exchange; readonly comesBack: boolean }[]) {
  const marked: string[] = []
  const open = new Set<string>()
  const asked: string[] = []
  const result = await whereItLeads(site, {
    random: (n) => randomBytes(n),
    mark: (clientRandom) => {
      const name = clientRandom.toString('hex')
      marked.push(name)
      open.add(name)
      return {
        end: () => {
          open.delete(name)
          return rounds[marked.length - 1]!.comesBack
        },
      }
    },
    exchange: async (_to, bytes) => {
      const reading = readClientHello(Buffer.from(bytes))
      if (reading.state !== 'complete') throw new TypeError('no hello')
      const name = reading.hello.random.toString('hex')
      expect(open).toContain(name)
      asked.push(name)
      return rounds[asked.length - 1]!.gets
    },
  })
  expect(asked).toEqual(marked)
  expect(new Set(asked).size).toBe(asked.length)
  expect(open.size).toBe(0)
  return { result, rounds: asked.length }
}

test('a front that answers', async () => {
  expect(await lead({ gets: ANSWER, comesBack: false })).toEqual({ result: 'answers', rounds: 1 })
})

test('a front that nobody hears of', async () => {
  expect(await lead({ gets: NOTHING, comesBack: false })).toEqual({ result: 'silent', rounds: 1 })
})

test('two hellos that come back, and nothing else does', async () => {
  const back = { gets: NOTHING, comesBack: true }
  expect(await lead(back, back)).toEqual({ result: 'back', rounds: 2 })
})

test('what somebody on the way sends here while the front answers proves nothing', async () => {
  expect((await lead({ gets: ANSWER, comesBack: true })).result).toBe('answers')
})

test('nor does one whose answer he has kept back', async () => {
  const sentAgain = { gets: NOTHING, comesBack: true }
  expect((await lead(sentAgain, { gets: NOTHING, comesBack: false })).result).toBe('silent')
  expect((await lead(sentAgain, { gets: ANSWER, comesBack: true })).result).toBe('answers')
})
