import { describe, expect, test } from 'vitest'
import { addressBytes } from '../../protocol/ip-address.ts'
import { seenEnd } from './egress.ts'

const TELEGRAM = { address: '149.154.175.50', port: 8888 }
const TELEGRAM_6 = { address: '2001:b28:f23d:f001::d', port: 8888 }
const OURS = ['203.0.113.9', '2001:db8::9']

const text = (end: ReturnType<typeof seenEnd>) => end && [end.address, end.port]

describe('the end that a middle proxy sees', () => {
  test.each([
    ['a public address is what it is', '198.51.100.7', TELEGRAM, OURS, '198.51.100.7'],
    ['behind NAT: the public one, with our own port', '192.168.1.5', TELEGRAM, OURS, '203.0.113.9'],
    ['a carrier NAT', '100.64.0.5', TELEGRAM, OURS, '203.0.113.9'],
    ['of the same family', 'fd00::5', TELEGRAM_6, OURS, '2001:db8::9'],
    ['behind NAT and nothing known: as it is', '10.0.0.5', TELEGRAM, [], '10.0.0.5'],
    ['only of the other family', '10.0.0.5', TELEGRAM, ['2001:db8::9'], '10.0.0.5'],
    ['in a private network there is no NAT', '10.0.0.5', { address: '10.0.0.6', port: 1 }, OURS, '10.0.0.5'],
    ['what is no address is passed over', '10.0.0.5', TELEGRAM, ['auto', '203.0.113.9'], '203.0.113.9'],
  ])('%s', (_name, address, remote, ours, seen) => {
    expect(text(seenEnd({ address, port: 40_000 }, remote, ours))).toEqual([addressBytes(seen), 40_000])
  })

  test.each([
    ['an upstream that does not say', undefined],
    ['no address', { address: 'example.com', port: 1 }],
    ['the other family than was connected to', { address: '2001:db8::1', port: 1 }],
  ])('cannot be said: %s', (_name, local) => {
    expect(seenEnd(local, TELEGRAM, OURS)).toBeUndefined()
  })
})
