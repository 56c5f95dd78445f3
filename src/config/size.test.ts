import { describe, expect, test } from 'vitest'
import { parseRate, parseSize } from './size.ts'

describe('sizes', () => {
  test.each([
    ['100 GiB', 100 * 2 ** 30],
    ['1MiB', 2 ** 20],
    ['500 MB', 500e6],
    ['64 kB', 64e3],
    ['1.5 KiB', 1536],
    ['7 B', 7],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: bytes })
  })

  test.each([
    ['100', 'lacks a unit'],
    ['10 M', '"M" is unclear: write "10 MiB" (powers of 1024) or "10 MB"'],
    ['10 Mb', '"Mb" is unclear'],
    ['10 G', '"G" is unclear'],
    ['1 k', 'or "1 kB"'],
    ['1 gib', '"gib" is unclear'],
    ['1 parsec', 'not a unit of size'],
    ['lots', 'not a size'],
    ['999999999 TiB', 'too large'],
    ['-1 B', 'not a size'],
  ])('%s is refused', (text, message) => {
    expect(parseSize(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })
})

describe('rates', () => {
  test.each([
    ['10 Mbit/s', 1_250_000],
    ['64 KiB/s', 65_536],
    ['1 MB/s', 1e6],
    ['8 bit/s', 1],
  ])('%s', (text, bytes) => {
    expect(parseRate(text)).toEqual({ ok: true, value: bytes })
  })

  test.each([
    ['10 Mbps', 'not a rate'],
    ['10 Mb/s', '"Mb" is unclear'],
    ['10 M/s', '"M" is unclear'],
    ['10', 'not a rate'],
    ['10 MiB', 'not a rate'],
  ])('%s is refused', (text, message) => {
    expect(parseRate(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })
})
