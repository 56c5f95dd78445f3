import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes } from '../../config/ip.ts'
import { IpNumber } from './ip-number.ts'

function bytesOf(text: string): number[] | undefined {
  const ip = new IpNumber()
  if (!ip.read(text)) return undefined
  const bytes = [...ip.words].flatMap((word) => [
    word >>> 24,
    (word >>> 16) & 255,
    (word >>> 8) & 255,
    word & 255,
  ])
  return ip.family === 4 ? bytes.slice(12) : bytes
}

describe('an address as words', () => {
  test.each([
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['192.0.2.1', [192, 0, 2, 1]],
    ['::ffff:192.0.2.1', [192, 0, 2, 1]],
    ['::FFFF:c000:0201', [192, 0, 2, 1]],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['1::', [0, 1, ...new Array(14).fill(0)]],
    ['2001:db8::5:6', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 6]],
    ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ])('%s', (text, bytes) => {
    expect(bytesOf(text)).toEqual(bytes)
  })

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '.1.2.3',
    '1..2.3',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1:',
    ':1',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3',
    'g::',
    'fe80::1%eth0',
    '[::1]',
  ])('%j is none', (text) => {
    expect(bytesOf(text)).toBeUndefined()
  })

  test('of anything, the same words as another reader', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    const spoilt = fc
      .tuple(address, fc.nat(40), fc.constantFrom('', ':', '::', '.', '0', 'f', '/', 'g', '%'))
      .map(([text, at, extra]) => text.slice(0, at) + extra + text.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(address, spoilt), (text) => {
        const valid = isIP(text) !== 0 && !text.includes('%')
        const bytes = valid ? addressBytes(text) : undefined
        const mapped = bytes?.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255'
        expect(bytesOf(text)).toEqual(mapped ? bytes?.slice(12) : bytes)
      }),
      { numRuns: 5000 },
    )
  })

  test('read from the middle of a text, and nothing beyond it', () => {
    const ip = new IpNumber()
    expect(ip.read('x1.2.3.45', 1, 8)).toBe(true)
    expect(ip.words[3]).toBe(0x0102_0304)
    expect(ip.read('x1::23', 1, 5)).toBe(true)
    expect([...ip.words]).toEqual([0x0001_0000, 0, 0, 2])
  })
})
