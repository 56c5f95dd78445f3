import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../test/vectors/vectors.ts'
import { InitMemory } from './init-memory.ts'

const NOW = 1_800_000_000

function memory(slots: number) {
  return new SharedArrayBuffer(InitMemory.bytes(slots))
}

describe('InitMemory', () => {
  test('a copy is known, in every worker, for as long as there is room', () => {
    const shared = memory(4096)
    const random = seededRandom('inits')
    const inits = Array.from({ length: 300 }, () => random(16))
    for (const init of inits) expect(new InitMemory(shared).insert(init, NOW)).toBe('fresh')
    for (const init of inits) expect(new InitMemory(shared).insert(init, NOW + 5e6)).toBe('replay')
  })

  test('when a bucket is full the oldest makes room, and that is said', () => {
    const set = new InitMemory(memory(8))
    const random = seededRandom('full')
    const inits = Array.from({ length: 9 }, () => random(16))
    for (let at = 0; at < 8; at++) expect(set.insert(inits[at]!, NOW + at * 1000)).toBe('fresh')
    expect(set.insert(inits[8]!, NOW + 8000)).toBe('fresh_forgot')
    expect(set.insert(inits[1]!, NOW + 8000)).toBe('replay')
    expect(set.insert(inits[0]!, NOW + 8000)).toBe('fresh_forgot')
  })

  test('any inits: the second time at once is always a replay', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 40 }), (inits) => {
        const set = new InitMemory(memory(16))
        for (const init of inits) {
          set.insert(init, NOW)
          expect(set.insert(init, NOW)).toBe('replay')
        }
      }),
    )
  })
})
