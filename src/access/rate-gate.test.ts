import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Flow, RateGate, RatePace } from './rate-gate.ts'

const TICK = 50_000
const SECOND = 1_000_000
const READ_BUFFER = 256 * 1024

/** A sender as the fluid model sees it: it has bytes whenever `active` says so, and gives a read all that it may take. */
interface Sender {
  readonly worker: number
  active(now: number): boolean
}

interface Sample {
  readonly at: number
  readonly sender: number
  readonly bytes: number
}

/** Virtual time, real gates: workers tick at their own phases, senders read whenever they may. */
function simulate(o: {
  rate: number
  senders: readonly Sender[]
  workers: number
  seconds: number
}): Sample[] {
  let now = 1_000 * SECOND
  const bytes = RatePace.bytes(1, o.workers)
  const memory = {
    paid: new SharedArrayBuffer(bytes.paid),
    waiting: new SharedArrayBuffer(bytes.waiting),
  }
  const gates = Array.from({ length: o.workers }, (_, at) => {
    const pace = new RatePace(memory, { workers: o.workers, worker: at + 1 })
    const gate = new RateGate(0, pace, { micros: () => now }, () => {})
    gate.rate = o.rate
    return gate
  })
  const flows: Flow[] = o.senders.map(() => ({ balance: 0, waiting: false, proceed: () => {} }))
  const samples: Sample[] = []
  const begin = now
  const step = TICK / 10
  for (let steps = 0; now - begin < o.seconds * SECOND; steps++) {
    now += step
    gates.forEach((gate, at) => {
      if (steps % 10 === (at * 3) % 10) gate.tick()
    })
    o.senders.forEach((sender, at) => {
      const gate = gates[sender.worker]!
      const flow = flows[at]!
      // At most a few reads in this time: the loop of a worker has other work too.
      for (let reads = 0; reads < 8 && !flow.waiting && sender.active(now - begin); reads++) {
        const taken = Math.min(gate.window, READ_BUFFER)
        samples.push({ at: now - begin, sender: at, bytes: taken })
        gate.take(flow, taken)
      }
    })
  }
  return samples
}

function sum(samples: readonly Sample[], keep: (sample: Sample) => boolean = () => true): number {
  return samples.reduce((total, sample) => total + (keep(sample) ? sample.bytes : 0), 0)
}

const always = (worker: number): Sender => ({ worker, active: () => true })

/** What the reads may be ahead by: the burst, and a read in every session. */
function slack(rate: number, sessions: number): number {
  return Math.max(0.25 * rate, 2048) + sessions * Math.max(1024, rate * 0.1)
}

describe('one user', () => {
  test.each([
    ['very slow', 1024, 1],
    ['slow', 64 * 1024, 1],
    ['10 Mbit/s', 1_250_000, 1],
    ['faster than a read a tick', 50_000_000, 1],
    ['with twenty sessions', 1_250_000, 20],
    ['slow with many sessions', 64 * 1024, 30],
  ])('%s gets the rate, over two workers', (_name, rate, sessions) => {
    const senders = Array.from({ length: sessions }, (_, at) => always(at % 2))
    const seconds = 30
    const total = sum(simulate({ rate, senders, workers: 2, seconds }))
    expect(total).toBeGreaterThan(rate * seconds * 0.95)
    expect(total).toBeLessThan(rate * seconds + slack(rate, sessions))
  })

  test('is served smoothly: no quarter second without a byte', () => {
    const samples = simulate({ rate: 1_250_000, senders: [always(0)], workers: 1, seconds: 10 })
    const gaps = samples.slice(1).map(({ at }, index) => at - samples[index]!.at)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(SECOND / 4)
  })

  test('sessions share fairly, wherever they are', () => {
    const senders = [always(0), always(1), always(1), always(1), always(1), always(1)]
    const seconds = 60
    const rate = 1_000_000
    const samples = simulate({ rate, senders, workers: 2, seconds })
    const fair = (rate * seconds) / senders.length
    senders.forEach((_, at) => {
      const share = sum(samples, ({ sender }) => sender === at) / fair
      expect(share).toBeGreaterThan(0.7)
      expect(share).toBeLessThan(1.3)
    })
  })

  test('a session takes what the others leave', () => {
    const quiet: Sender = { worker: 1, active: () => false }
    const total = sum(simulate({ rate: 500_000, senders: [always(0), quiet], workers: 2, seconds: 20 }))
    expect(total).toBeGreaterThan(500_000 * 20 * 0.95)
  })

  test('a user without a rate waits for nothing', () => {
    const memory = { paid: new SharedArrayBuffer(16), waiting: new SharedArrayBuffer(16) }
    const pace = new RatePace(memory, { workers: 1, worker: 1 })
    const gate = new RateGate(0, pace, { micros: () => 0 }, () => {})
    const flow = { balance: 0, waiting: false, proceed: () => {} }
    expect(gate.take(flow, 1e12)).toBe(true)
    expect(gate.window).toBe(Number.POSITIVE_INFINITY)
  })

  test('who waits goes on when the rate is lifted', () => {
    const memory = { paid: new SharedArrayBuffer(16), waiting: new SharedArrayBuffer(16) }
    const pace = new RatePace(memory, { workers: 1, worker: 1 })
    const gate = new RateGate(0, pace, { micros: () => 5e6 }, () => {})
    gate.rate = 1024
    let went = 0
    const flow = { balance: 0, waiting: false, proceed: () => went++ }
    expect(gate.take(flow, 1_000_000)).toBe(false)
    gate.tick()
    expect(went).toBe(0)
    gate.rate = undefined
    expect(gate.tick()).toBe(false)
    expect([went, flow.balance, pace.waitingEverywhere(0)]).toEqual([1, 0, 0])
  })
})

test('against the fluid model: never ahead of it by more than burst and reads, never behind while somebody is backlogged', () => {
  const sender = fc.record({
    worker: fc.integer({ min: 0, max: 1 }),
    /** On and off for so many tenths of a second. */
    on: fc.integer({ min: 1, max: 40 }),
    off: fc.integer({ min: 0, max: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(sender, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(8_192, 64 * 1024, 1_250_000, 12_500_000),
      (given, rate) => {
        const senders = given.map(({ worker, on, off }) => ({
          worker,
          active: (now: number) => Math.floor(now / 100_000) % (on + off) < on,
        }))
        const seconds = 12
        const samples = simulate({ rate, senders, workers: 2, seconds })
        const most = slack(rate, senders.length)
        for (let from = 0; from < seconds; from += 1) {
          for (const to of [from + 1, seconds]) {
            const got = sum(samples, ({ at }) => at >= from * SECOND && at < to * SECOND)
            expect(got).toBeLessThanOrEqual(rate * (to - from) + 2 * most)
          }
        }
        // The fluid gets the whole rate in every tenth of a second in which somebody has bytes; what is off may be in
        // debt for its last read, so only all of it together can be compared.
        if (given.some(({ off }) => off === 0)) {
          expect(sum(samples)).toBeGreaterThan(rate * seconds * 0.8 - most)
        }
      },
    ),
    { numRuns: 60 },
  )
})
