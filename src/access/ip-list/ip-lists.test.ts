import { describe, expect, test } from 'vitest'
import { IpLists, NOT_AMONG_ONLY } from './ip-lists.ts'
import { IpRangeSet } from './ip-range-set.ts'
import { parseIpList } from './parse-ip-list.ts'

function list(rule: 'block' | 'only', ...lines: string[]) {
  const reading = parseIpList(lines.join('\n'))
  if (!reading.ok) throw new Error(reading.code)
  return { rule, ranges: IpRangeSet.share(reading.list.ranges) }
}

describe('who may come', () => {
  test('without lists everybody', () => {
    expect(new IpLists([]).refusing('192.0.2.1')).toBeUndefined()
  })

  test('nobody of a block list, which is named', () => {
    const lists = new IpLists([list('block', '192.0.2.0/24'), list('block', '2001:db8::/32', '192.0.2.9')])
    expect(lists.refusing('192.0.2.9')).toBe(0)
    expect(lists.refusing('2001:db8::1')).toBe(1)
    expect(lists.refusing('192.0.3.1')).toBeUndefined()
  })

  test('with an only list those on it alone', () => {
    const lists = new IpLists([list('only', '192.0.2.0/24'), list('only', '198.51.100.0/24')])
    expect(lists.refusing('192.0.2.1')).toBeUndefined()
    expect(lists.refusing('198.51.100.1')).toBeUndefined()
    expect(lists.refusing('203.0.113.1')).toBe(NOT_AMONG_ONLY)
    expect(lists.refusing('2001:db8::1')).toBe(NOT_AMONG_ONLY)
  })

  test('block wins over only', () => {
    const lists = new IpLists([list('only', '192.0.2.0/24'), list('block', '192.0.2.1')])
    expect(lists.refusing('192.0.2.1')).toBe(1)
    expect(lists.refusing('192.0.2.2')).toBeUndefined()
  })

  test('an only list that was never read lets nobody in, a block list everybody', () => {
    expect(new IpLists([{ rule: 'only', ranges: undefined }]).refusing('192.0.2.1')).toBe(NOT_AMONG_ONLY)
    expect(new IpLists([{ rule: 'block', ranges: undefined }]).refusing('192.0.2.1')).toBeUndefined()
  })

  test('mapped and scoped addresses are those that they stand for', () => {
    const lists = new IpLists([list('block', '192.0.2.0/24', 'fe80::1')])
    expect(lists.refusing('::ffff:192.0.2.1')).toBe(0)
    expect(lists.refusing('fe80::1%eth0')).toBe(0)
  })

  test('a unix socket is on no list', () => {
    expect(new IpLists([list('only', '192.0.2.1')]).refusing('')).toBeUndefined()
    expect(new IpLists([list('block', '0.0.0.0/0', '::/0')]).refusing('')).toBeUndefined()
  })
})
