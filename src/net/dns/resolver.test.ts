import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { AskServer, Found } from './ask-server.ts'
import { type LookupResult, Resolver, type ResolverOptions } from './resolver.ts'
import type { DnsServer } from './server.ts'

const ONE: DnsServer = { kind: 'udp', host: '192.0.2.53', port: 53 }
const TWO: DnsServer = { kind: 'udp', host: '192.0.2.54', port: 53 }
const found = (ttl: number | undefined, ...addresses: string[]): Found => ({ state: 'found', addresses, ttl })

let now = 0
let counted: LookupResult[] = []
let answer: (server: DnsServer, name: string) => Promise<Found>
const ask = vi.fn<AskServer>((server, name) => answer(server, name))

function resolver(options: Partial<ResolverOptions> = {}, hasIPv6 = true): Resolver {
  return new Resolver(
    { servers: [ONE], hosts: {}, ...options },
    { now: () => now, hasIPv6: () => hasIPv6, counted: (result) => counted.push(result), ask },
  )
}

beforeEach(() => {
  now = 0
  counted = []
  ask.mockClear()
  answer = async () => found(60, '192.0.2.1')
})

describe('a resolver', () => {
  test('asks once, and again when the TTL is over', async () => {
    const names = resolver()
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.1'])
    now = 40_000
    await names.addresses('WWW.example.ORG.')
    expect(ask).toHaveBeenCalledTimes(1)
    now = 60_000
    answer = async () => found(60, '192.0.2.2')
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.2'])
    expect(counted).toEqual(['ok', 'cached', 'ok'])
  })

  test('asks in the background near the end of a TTL, so that nobody waits', async () => {
    const names = resolver()
    await names.addresses('www.example.org')
    now = 50_000
    answer = async () => found(60, '192.0.2.2')
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.1'])
    await vi.waitFor(async () => expect(await names.addresses('www.example.org')).toEqual(['192.0.2.2']))
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test.each([
    [0, 5000],
    [1_000_000, 3_600_000],
    [undefined, 30_000],
  ])('a TTL of %s seconds lasts %i ms', async (ttl, lasts) => {
    answer = async () => found(ttl, '192.0.2.1')
    const names = resolver()
    await names.addresses('www.example.org')
    now = lasts * 0.79
    await names.addresses('www.example.org')
    expect(ask).toHaveBeenCalledTimes(1)
    now = lasts
    await names.addresses('www.example.org')
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('many who ask for one name at a time are one question', async () => {
    const names = resolver()
    const all = await Promise.all(Array.from({ length: 50 }, () => names.addresses('www.example.org')))
    expect(all.every(([address]) => address === '192.0.2.1')).toBe(true)
    expect(ask).toHaveBeenCalledTimes(1)
  })

  test('an old answer is better than none, for a day, and nobody is asked again at once', async () => {
    const names = resolver()
    await names.addresses('www.example.org')
    answer = async () => Promise.reject(new Error('down'))
    now = 100_000
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.1'])
    now += 5000
    await names.addresses('www.example.org')
    expect(ask).toHaveBeenCalledTimes(2)
    now += 10_000
    await names.addresses('www.example.org')
    expect(ask).toHaveBeenCalledTimes(3)
    expect(counted).toEqual(['ok', 'stale', 'stale', 'stale'])
    now = 25 * 60 * 60_000
    await expect(names.addresses('www.example.org')).rejects.toThrow(
      'no DNS server answers for www.example.org',
    )
  })

  test('a server that hangs delays a name with an old answer by half a second at most', async () => {
    const names = resolver()
    await names.addresses('www.example.org')
    now = 100_000
    answer = () => new Promise(() => {})
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.1'])
  })

  test('the next server is asked where one gives no answer, and not where it says that there is none', async () => {
    const names = resolver({ servers: [ONE, TWO] })
    answer = async (server) => (server === ONE ? Promise.reject(new Error('down')) : found(60, '192.0.2.2'))
    expect(await names.addresses('a.example.org')).toEqual(['192.0.2.2'])
    answer = async () => ({ state: 'none', ttl: 10 })
    ask.mockClear()
    expect(await names.addresses('b.example.org')).toEqual([])
    expect(ask).toHaveBeenCalledTimes(1)
  })

  test('nobody is asked for what stands in the file, for localhost and for addresses', async () => {
    const names = resolver({ hosts: { 'www.example.org': ['192.0.2.9'] } })
    expect(await names.addresses('www.example.org')).toEqual(['192.0.2.9'])
    expect(await names.addresses('localhost')).toEqual(['127.0.0.1', '::1'])
    expect(await names.addresses('2001:db8::1')).toEqual(['2001:db8::1'])
    expect(ask).not.toHaveBeenCalled()
  })

  test('a name of one label is the system’s and nobody else’s', async () => {
    await resolver().addresses('nginx')
    expect(ask).toHaveBeenCalledWith({ kind: 'system' }, 'nginx', expect.anything())
  })

  test('families come in turn where this host has both, IPv6 first', async () => {
    const all = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']
    answer = async () => found(60, ...all)
    const inTurn = ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2']
    expect(await resolver().addresses('www.example.org')).toEqual(inTurn)
    expect(await resolver({}, false).addresses('www.example.org')).toEqual(all)
  })

  test('more names than are kept push out those least lately asked for', async () => {
    const names = resolver()
    for (let index = 0; index < 1500; index++) {
      await names.addresses(`n${index}.example.org`)
      await names.addresses('n0.example.org')
    }
    ask.mockClear()
    await names.addresses('n0.example.org')
    await names.addresses('n1499.example.org')
    expect(ask).not.toHaveBeenCalled()
    await names.addresses('n1.example.org')
    expect(ask).toHaveBeenCalledTimes(1)
  })
})
