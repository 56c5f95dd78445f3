import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { absurdity } from './absurd.ts'
import { IpNumber } from './ip-number.ts'
import { IpRangeSet } from './ip-range-set.ts'
import { type IpList, MAX_LIST_BYTES, MAX_LIST_ENTRIES, parseIpList } from './parse-ip-list.ts'

function parsed(text: string): IpList {
  const reading = parseIpList(text)
  if (!reading.ok) throw new Error(reading.code)
  return reading.list
}

function setOf(text: string): (address: string) => boolean {
  const set = new IpRangeSet(IpRangeSet.share(parsed(text).ranges))
  const ip = new IpNumber()
  return (address) => ip.read(address) && set.has(ip)
}

describe("FireHOL's format", () => {
  test('networks, addresses, ranges, comments, blanks, both line ends', () => {
    const text = [
      '\u00ef\u00bb\u00bf# FireHOL: \u00e9',
      '',
      '192.0.2.0/24',
      '198.51.100.7 # one',
      '\t203.0.113.8-203.0.113.11 ; four\r',
      '203.0.113.100 - 203.0.113.101\r',
      '10.1.2.3/8\r',
      '2001:db8::/32;SBL1',
      '2001:DB9::1',
      '2001:dba::1-2001:dba::ff',
      '::ffff:172.16.0.0/108',
      '   ',
      ';',
    ].join('\n')
    expect(parsed(text)).toMatchObject({ entries: 9, badLines: 0, firstBadLine: 0 })
    const has = setOf(text)
    for (const inside of [
      '192.0.2.0',
      '192.0.2.255',
      '198.51.100.7',
      '203.0.113.8',
      '203.0.113.11',
      '203.0.113.101',
      '10.255.255.255',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db9::1',
      '2001:dba::80',
      '172.31.255.255',
      '::ffff:172.16.0.1',
    ])
      expect(has(inside), inside).toBe(true)
    for (const outside of [
      '192.0.1.255',
      '192.0.3.0',
      '198.51.100.8',
      '203.0.113.7',
      '203.0.113.12',
      '11.0.0.0',
      '2001:db7:ffff::',
      '2001:db9::2',
      '2001:dba::100',
      '172.32.0.0',
      '::ac10:1',
    ])
      expect(has(outside), outside).toBe(false)
  })

  test.each([
    'example.org',
    '1.2.3',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/2 4',
    '1.2.3.4/0024',
    '1.2.3.4 5.6.7.8',
    '1.2.3.9-1.2.3.4',
    '1.2.3.4-2001:db8::1',
    '1.2.3.4-',
    '-1.2.3.4',
    '2001:db8::/129',
    '::ffff:1.2.3.4/95',
    '1.2.3.4/24-1.2.4.4',
    '<html>',
    '010.0.0.1',
  ])('%s is skipped and counted', (line) => {
    expect(parsed(`# list\n${line}\n1.2.3.4\n${line}`)).toMatchObject({
      entries: 1,
      badLines: 2,
      firstBadLine: 2,
    })
  })

  test('everything, and nothing', () => {
    const all = setOf('0.0.0.0/0\n::/0')
    expect([all('0.0.0.0'), all('255.255.255.255'), all('::1'), all('ffff::')]).toEqual([
      true,
      true,
      true,
      true,
    ])
    const none = setOf('')
    expect([none('0.0.0.0'), none('::')]).toEqual([false, false])
  })

  test('any text is read without an error, and counts every line once', () => {
    const piece = fc.oneof(
      fc.constantFrom('1.2.3.4', '/24', '-', '#', ';', ' ', '::', 'ffff', '.', '\r', '0', '999'),
      fc.string({ maxLength: 5 }),
    )
    const line = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('').replaceAll('\n', ''))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const { entries, badLines } = parsed(lines.join('\n'))
        const said = lines.filter((each) => /^[^#;]*[^\0- #;]/.test(each.replace(/^\u00ef\u00bb\u00bf/, '')))
        expect(entries + badLines).toBe(said.length)
      }),
    )
  })

  test('limits', () => {
    expect(parseIpList(' '.repeat(MAX_LIST_BYTES))).toMatchObject({ ok: true })
    expect(parseIpList(' '.repeat(MAX_LIST_BYTES + 1))).toEqual({ ok: false, code: 'too_long' })
    const most = '1.1.1.1\n'.repeat(MAX_LIST_ENTRIES)
    expect(parseIpList(most)).toMatchObject({ ok: true, list: { entries: MAX_LIST_ENTRIES } })
    expect(parseIpList(`${most}1.1.1.1`)).toEqual({ ok: false, code: 'too_many_entries' })
  })
})

describe('what is not believed', () => {
  test.each([
    ['an empty answer', '', 0, 'empty'],
    ['blank lines', ' \n\n', 0, 'empty'],
    ['a page', '<!DOCTYPE html>\n<html>', 0, 'html'],
    ['a page behind blanks', '\n  <html>\n1.2.3.4\n1.2.3.5\n1.2.3.6', 0, 'html'],
    ['prose', 'Not Found', 0, 'mostly_bad_lines'],
    ['JSON', '{\n"a": 1\n}\n', 5, 'mostly_bad_lines'],
    ['comments only, where there were many', '# nothing', 10, 'no_entries'],
    ['comments only, where there were few', '# nothing', 9, undefined],
    ['a comment at the start', '# nothing', 0, undefined],
    ['a list with a bad line', '1.2.3.4\nx', 100_000, undefined],
  ])('%s', (_name, text, before, verdict) => {
    expect(absurdity(text, parsed(text), before)).toBe(verdict)
  })
})
