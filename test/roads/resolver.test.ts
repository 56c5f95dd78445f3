// needs: unbound openssl

import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDnsServer } from '../../src/config/dns-server.ts'
import { Resolver } from '../../src/net/dns/resolver.ts'
import { DNS_NAME, startUnbound, type Unbound } from './unbound.ts'

const usual = getCACertificates('default')
let unbound: Unbound
const many = Array.from({ length: 120 }, (_, index) => `192.0.2.${index + 1}`)

beforeAll(async () => {
  unbound = await startUnbound([
    'both.world.example. 60 IN A 192.0.2.1',
    'both.world.example. 60 IN AAAA 2001:db8::1',
    'four.world.example. 60 IN A 192.0.2.4',
    'alias.world.example. 60 IN CNAME both.world.example.',
    ...many.map((address) => `many.world.example. 60 IN A ${address}`),
  ])
  setDefaultCACertificates([...usual, unbound.root])
})

afterAll(async () => {
  setDefaultCACertificates(usual)
  await unbound?.stop('SIGKILL')
})

function asking(...servers: string[]): { resolver: Resolver; problems: string[] } {
  const problems: string[] = []
  const options = {
    servers: servers.map((text) => {
      const parsed = parseDnsServer(text)
      if (!parsed.ok) throw new Error(parsed.message)
      return parsed.value
    }),
    hosts: { [DNS_NAME]: ['127.0.0.1'], 'other.world.example': ['127.0.0.1'] },
  }
  const resolver = new Resolver(options, {
    now: () => performance.now(),
    hasIPv6: () => true,
    failed: (_name, _server, error) => problems.push(String(error)),
  })
  return { resolver, problems }
}

describe.each(['udp', 'tls', 'https'] as const)('by %s', (kind) => {
  test('both families, one, an alias, and a name that is not there', async () => {
    const { resolver, problems } = asking(unbound[kind])
    expect(await resolver.addresses('both.world.example')).toEqual(['2001:db8::1', '192.0.2.1'])
    expect(await resolver.addresses('four.world.example')).toEqual(['192.0.2.4'])
    expect(await resolver.addresses('nobody.world.example')).toEqual([])
    expect(problems).toEqual([])
  })

  test('more than fits into a datagram', async () => {
    const { resolver } = asking(unbound[kind])
    const found = await resolver.addresses('many.world.example')
    expect(found.length).toBe(64)
    expect(many).toEqual(expect.arrayContaining([...found]))
  })

  test('the next server where this one is not there', async () => {
    const gone = {
      udp: 'udp://127.0.0.1:9',
      tls: 'tls://127.0.0.1:9',
      https: 'https://127.0.0.1:9/dns-query',
    }
    const { resolver, problems } = asking(gone[kind], unbound[kind])
    expect(await resolver.addresses('four.world.example')).toEqual(['192.0.2.4'])
    expect(problems.length).toBe(1)
  })
})

test('a certificate of another name is refused', async () => {
  const other = [
    unbound.tls.replace(DNS_NAME, 'other.world.example'),
    unbound.https.replace(DNS_NAME, 'other.world.example'),
  ]
  for (const server of other) {
    const { resolver, problems } = asking(server)
    await expect(resolver.addresses('four.world.example')).rejects.toThrow('no DNS server answers')
    expect(problems.join()).toMatch(/other\.world\.example/)
  }
})

test('a server that refuses to speak of a name is no answer', async () => {
  const { resolver } = asking(unbound.udp)
  await expect(resolver.addresses('www.refused.example')).rejects.toThrow('no DNS server answers')
})
