import { expect, test, vi } from 'vitest'
import { type PublicAddressSources, publicAddresses } from './public-addresses.ts'

const PRIVATE = [
  { address: '10.0.0.5', family: 'ipv4' as const },
  { address: 'fd00::5', family: 'ipv6' as const },
]
const sources = (more: Partial<PublicAddressSources> = {}): PublicAddressSources => ({
  interfaces: () => PRIVATE,
  addresses: async () => [],
  ...more,
})
const auto = (names: readonly string[], more: Partial<PublicAddressSources>) =>
  publicAddresses(['auto'], names, sources(more))

test('what is given is taken as it is, and nobody is asked', async () => {
  const addresses = vi.fn<PublicAddressSources['addresses']>()
  expect(await publicAddresses(['10.1.1.1', '203.0.113.7'], ['a.example'], sources({ addresses }))).toEqual([
    '10.1.1.1',
    '203.0.113.7',
  ])
  expect(addresses).not.toHaveBeenCalled()
})

test('public addresses of the interfaces come first, then the names’, then STUN’s, each family by itself', async () => {
  const stun = vi.fn<NonNullable<PublicAddressSources['stun']>>(async (family) =>
    family === 'ipv4' ? '198.51.100.9' : '2001:4860::9',
  )
  const addresses = async (name: string) => (name === 'b.example' ? ['198.51.100.7', '10.9.9.9'] : [])
  const interfaces = () => [...PRIVATE, { address: '203.0.113.7', family: 'ipv4' as const }]
  expect(await auto(['a.example', 'b.example'], { interfaces, addresses, stun })).toEqual([
    '203.0.113.7',
    '2001:4860::9',
  ])
  expect(await auto(['a.example', 'b.example'], { addresses, stun })).toEqual([
    '198.51.100.7',
    '2001:4860::9',
  ])
  expect(await auto(['a.example'], { addresses, stun })).toEqual(['198.51.100.9', '2001:4860::9'])
  expect(await auto(['a.example'], { addresses })).toEqual([])
  expect(
    await publicAddresses(['2001:4860::1', 'auto'], ['b.example'], sources({ addresses, stun })),
  ).toEqual(['2001:4860::1', '198.51.100.7'])
})

test('a family that this host lacks is not looked for', async () => {
  const stun = vi.fn<NonNullable<PublicAddressSources['stun']>>(async () => undefined)
  await auto([], { interfaces: () => PRIVATE.slice(0, 1), stun })
  expect(stun.mock.calls).toEqual([['ipv4']])
})

test('a private address is no public one, whoever says it', async () => {
  const said = { addresses: async () => ['192.168.1.1'], stun: async () => '10.0.0.1' }
  expect(await auto(['a.example'], said)).toEqual([])
})
