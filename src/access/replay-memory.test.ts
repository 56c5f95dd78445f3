import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inTwoThreads } from '../../test/doubles/two-threads.ts'
import { seededRandom } from '../../test/vectors/vectors.ts'
import { ReplayMemory } from './replay-memory.ts'

/** Slots of a ring, and those that are counted on. */
const RING = 128
const ONE_RING = 80

function shared(capacity: number) {
  return new SharedArrayBuffer(ReplayMemory.bytes(capacity))
}

function marks(seed: string, count: number): Buffer[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random(16))
}

/** A ring as anybody would write it: the last 128, and what comes again stays where it is. */
class NaiveRing {
  readonly #held: number[] = []

  insert(id: number) {
    if (this.#held.includes(id)) return 'replay'
    this.#held.push(id)
    if (this.#held.length <= RING) return 'fresh'
    this.#held.shift()
    return 'fresh_forgot'
  }
}

/** So many rounds later, as if that many had come. Every slot must have been written. */
function age(memory: SharedArrayBuffer, laps: number): void {
  const words = new Int32Array(memory)
  for (let at = 0; at < words.length; at += 2) words[at]! += laps
}

describe('ReplayMemory', () => {
  test('the first is fresh, every copy is a replay, in every worker', () => {
    const memory = shared(4096)
    const all = marks('copies', 300)
    for (const mark of all) expect(new ReplayMemory(memory).insert(mark)).toBe('fresh')
    for (const mark of all) expect(new ReplayMemory(memory).insert(mark)).toBe('replay')
  })

  test('looks at nothing behind the first twelve bytes, and at all of them', () => {
    const memory = new ReplayMemory(shared(ONE_RING))
    const mark = Buffer.alloc(32, 7)
    expect(memory.insert(mark)).toBe('fresh')
    for (let at = 0; at < mark.length; at++) {
      const other = Buffer.from(mark)
      other[at]! ^= 1
      // Six bytes are in the slot; four choose the ring, of which there is one here; two are not looked at.
      expect([at, memory.insert(other)]).toEqual([at, at < 6 ? 'fresh' : 'replay'])
    }
  })

  test('agrees with a naive ring, whatever comes and however often it goes round', () => {
    const known = marks('model', 400)
    fc.assert(
      fc.property(
        fc.array(fc.nat(known.length - 1), { minLength: 1000, maxLength: 3000 }),
        // Also over the end of the count of laps.
        fc.constantFrom(0, 0xfffd),
        (arrivals, laps) => {
          const memory = shared(ONE_RING)
          const ring = new ReplayMemory(memory)
          const model = new NaiveRing()
          let written = 0
          for (const id of arrivals) {
            const verdict = model.insert(id)
            expect(ring.insert(known[id]!)).toBe(verdict)
            if (verdict !== 'replay' && ++written === RING) age(memory, laps)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('as many as were asked for are always the last that came, to the last one; older ones go', () => {
    const capacity = 20_000
    const memory = new ReplayMemory(shared(capacity))
    expect(memory.capacity).toBe(capacity)
    const all = marks('capacity', 4 * capacity)
    const verdicts = all.map((mark) => memory.insert(mark))
    expect(verdicts.slice(0, capacity).every((verdict) => verdict === 'fresh')).toBe(true)
    expect(verdicts.includes('replay')).toBe(false)
    expect(verdicts.slice(-capacity).filter((verdict) => verdict === 'fresh_forgot').length).toBeGreaterThan(
      0.99 * capacity,
    )
    for (const mark of all.slice(-capacity)) expect(memory.insert(mark)).toBe('replay')
    const [first] = all
    expect(memory.insert(first!)).toBe('fresh_forgot')
  })

  test('takes 12.8 bytes for each, rounded up to a ring', () => {
    expect(ReplayMemory.bytes(1)).toBe(1024)
    expect(ReplayMemory.bytes(1_000_000)).toBe(12_800_000)
  })

  test('of the same marks at two threads exactly one each wins', async () => {
    const count = 20_000
    const [one, other] = await inTwoThreads<number[]>(RACE, {
      memory: shared(count),
      marks: Buffer.concat(marks('race', count)),
      step: new SharedArrayBuffer(4),
      apart: count,
      module: MODULE,
    })
    expect([...one, ...other].toSorted((a, b) => a - b)).toEqual(indexes(count))
  })

  test('so it is in one full ring, where each takes the place of another', async () => {
    const count = 40_000
    const [one, other] = await inTwoThreads<number[]>(RACE, {
      memory: shared(ONE_RING),
      marks: Buffer.concat(marks('race in a ring', count)),
      step: new SharedArrayBuffer(4),
      // Whoever is farther behind meets marks that were forgotten.
      apart: 64,
      module: MODULE,
    })
    expect([...one, ...other].toSorted((a, b) => a - b)).toEqual(indexes(count))
    // Both have won some: they did meet.
    expect(Math.min(one.length, other.length)).toBeGreaterThan(0)
  })
})

const MODULE = new URL('./replay-memory.ts', import.meta.url).href
const indexes = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Reports which marks were fresh here. */
const RACE = `
  const { ReplayMemory } = await import(data.module)
  const memory = new ReplayMemory(data.memory)
  const step = new Int32Array(data.step)
  const won = []
  together()
  for (let at = 0; at < data.marks.length / 16; at++) {
    if (at % data.apart === 0) {
      Atomics.add(step, 0, 1)
      while (Atomics.load(step, 0) < 2 * (at / data.apart + 1));
    }
    if (memory.insert(data.marks.subarray(at * 16, at * 16 + 16)) !== 'replay') won.push(at)
  }
  report(won)
`
