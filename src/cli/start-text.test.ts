import { expect, test } from 'vitest'
import type { Config } from '../config/schema.ts'
import { frontText, trialText } from './start-text.ts'

const site = { domain: 'www.example.org', endpoint: { kind: 'tcp', host: '127.0.0.1', port: 8443 } } as const
const config = { front: { domain: 'www.example.org' } } as Config

interface Choices {
  readonly mlkem?: boolean
  readonly answer?: Config['front']['answer']
  readonly builtIn?: boolean
}

function text(records: number | undefined, { mlkem = true, answer = 'auto', builtIn = false }: Choices = {}) {
  const facts = {
    reachable: true,
    selfTarget: false,
    tls13: true,
    mlkem,
    records: records === undefined ? {} : { tdlib: records },
    flightBytes: {},
    encryptedBytes: {},
    varying: [],
    unmirrorable: {},
  }
  return frontText(builtIn ? { ...site, builtIn } : site, facts, answer)
}

test('which kind of front it is, in a line', () => {
  expect(text(1)).toBe(
    'Front www.example.org: TLS 1.3, X25519MLKEM768, one encrypted record: mirrored as it is',
  )
  expect(text(4, { mlkem: false })).toBe(
    'Front www.example.org: TLS 1.3, X25519, 4 encrypted records: merged into one',
  )
  expect(text(4, { builtIn: true })).toMatch(/^Front www\.example\.org \(built-in\): /)
  expect(text(1, { answer: 'profile' })).toMatch(/one encrypted record$/)
  expect(text(undefined)).toBeUndefined()
})

test('every site with a self-made certificate is named', () => {
  expect(trialText([], config)).toBeUndefined()
  expect(trialText(['www.example.org'], config)).toMatch(
    /^Trial front: a self-made certificate for www\.example\.org\. .* set front\.domain and front\.address/,
  )
  const both = trialText(['www.example.org', 'shop.example.org'], config)
  expect(both).toContain('for www.example.org, shop.example.org.')
  expect(trialText(['shop.example.org'], config)).toContain('each domain')
})
