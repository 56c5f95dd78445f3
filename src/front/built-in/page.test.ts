import { expect, test } from 'vitest'
import { Draws } from './draws.ts'
import { drawManners } from './manners.ts'
import { makePage } from './page.ts'

const pages = Array.from({ length: 300 }, (_, seed) => makePage(new Draws(`${seed}`), 'www.example.org'))

test('one seed, one page', () => {
  expect(makePage(new Draws('7'), 'www.example.org')).toBe(pages[7])
})

test('every page is its own, in title and length too', () => {
  expect(new Set(pages).size).toBe(pages.length)
  const titles = pages.map((page) => /<title>(.*)<\/title>/.exec(page)?.[1])
  expect(new Set(titles).size).toBeGreaterThan(200)
  expect(new Set(pages.map((page) => page.length)).size).toBeGreaterThan(200)
})

test('no line of text is common to all, so that none can be searched for', () => {
  const markup = /^\s*<[^>]*>\s*$|^\s*<meta|^\s*<\/?\w+>$|^$/
  const counts = new Map<string, number>()
  for (const page of pages) {
    for (const line of new Set(page.split('\n'))) {
      if (!markup.test(line)) counts.set(line, (counts.get(line) ?? 0) + 1)
    }
  }
  expect([...counts].filter(([, count]) => count >= pages.length / 4)).toEqual([])
})

test('pages are well formed and hold no word of ours', () => {
  for (const page of pages) {
    expect(page).toMatch(/^<!doctype html>\n<html/i)
    expect(page).toMatch(/<h1>[^<]+<\/h1>/)
    expect(page).not.toMatch(/portico|telegram|proxy|mtproto/i)
    expect(page).not.toMatch(/undefined|NaN|\[object/)
    const count = (pattern: string) => page.match(new RegExp(pattern, 'g'))?.length ?? 0
    const tags = 'div section article table tr td ul li dl p header footer'.split(' ')
    expect(tags.filter((tag) => count(`<${tag}[ >]`) !== count(`</${tag}>`))).toEqual([])
  }
})

test('manners differ between installations and stay within one', () => {
  const body = Buffer.from('x')
  const describe = (seed: number) => {
    const manners = drawManners(new Draws(`${seed}`))
    return JSON.stringify([manners, manners.pageTag(body), manners.fileTag(5, new Date(1e12))])
  }
  expect(describe(1)).toBe(describe(1))
  expect(new Set(Array.from({ length: 100 }, (_, seed) => describe(seed))).size).toBeGreaterThan(70)
})
