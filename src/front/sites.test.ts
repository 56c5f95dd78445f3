import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameToAsk, siteChooser } from './sites.ts'

const sites = ['www.example.org', '*.example.org', 'example.net', '*.b.example.net'].map((domain) => ({
  domain,
}))

test.each([
  ['www.example.org', 'www.example.org', true],
  ['WWW.Example.ORG.', 'www.example.org', true],
  ['shop.example.org', '*.example.org', true],
  ['a.b.example.net', '*.b.example.net', true],
  ['example.net', 'example.net', true],
  ['example.org', 'www.example.org', false],
  ['a.b.example.org', 'www.example.org', false],
  ['.example.org', 'www.example.org', false],
  ['*.example.org', 'www.example.org', false],
  ['b.example.net', 'www.example.org', false],
  ['', 'www.example.org', false],
  [undefined, 'www.example.org', false],
])('%s → %s', (serverName, domain, known) => {
  expect(siteChooser(sites)(serverName)).toEqual({ site: { domain }, known })
})

const label = fc.stringMatching(/^[a-z0-9]{1,3}$/)
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const listed = fc.oneof(
  name,
  name.map((parent) => `*.${parent}`),
)

/** The rule, read off the list without any index. */
function byTheRule(domains: readonly string[], serverName: string): string | undefined {
  const [first, ...parent] = serverName.split('.')
  const under = first !== '' && parent.length > 0 ? `*.${parent.join('.')}` : undefined
  return domains.find((domain) => domain === serverName) ?? domains.find((domain) => domain === under)
}

test('any list and any name: exact, then one label of wildcard, then the first', () => {
  fc.assert(
    fc.property(fc.array(listed, { minLength: 1, maxLength: 8 }), name, fc.nat(), (domains, free, index) => {
      const choose = siteChooser(domains.map((domain) => ({ domain })))
      const derived = domains[index % domains.length]!.replace('*', free.split('.')[0]!)
      for (const serverName of [free, derived, derived.toUpperCase(), `${free}.${derived}`]) {
        const expected = byTheRule(domains, serverName.toLowerCase())
        expect(choose(serverName)).toEqual({
          site: { domain: expected ?? domains[0] },
          known: expected !== undefined,
        })
      }
    }),
  )
})

test('any string at all chooses a site, and the name asked of a listed site is that site', () => {
  fc.assert(
    fc.property(fc.string(), (serverName) => {
      expect(sites).toContain(siteChooser(sites)(serverName).site)
    }),
  )
  for (const site of sites.slice(1)) expect(siteChooser(sites)(nameToAsk(site.domain)).known).toBe(true)
})

test('no site at all is a mistake of the caller', () => {
  expect(() => siteChooser([])).toThrow(RangeError)
})
