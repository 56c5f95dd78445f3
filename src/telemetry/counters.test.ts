import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  CATALOGUE,
  type DataCentreLabel,
  type DialResult,
  dataCentreLabel,
  type HandshakeResult,
  type MetricKey,
} from './catalogue.ts'
import { allocateCounters, Counters, readTotal, readTotals, resetGauges } from './counters.ts'
import { placementOf, ROW_BYTES, ROW_SLOTS, rowCount, rowOf } from './layout.ts'
import { BUCKETS, labelValuesAt, type Metric, seriesCount, seriesIndex, seriesSlots } from './metric.ts'

const KEYS = Object.keys(CATALOGUE) as MetricKey[]
const metricOf = (key: MetricKey): Metric => CATALOGUE[key]

function numbersOf(
  shared: SharedArrayBuffer,
  name: string,
  labels: Record<string, string> = {},
): readonly number[] {
  const totals = readTotals(shared).find(({ metric }) => metric.name === name)
  const series = totals?.series.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels))
  if (series === undefined) throw new Error(`no series of ${name}`)
  return series.numbers
}

describe('catalogue', () => {
  test('an instrument is called like its metric, without suffix where that is free', () => {
    for (const key of KEYS) {
      const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
      const { name } = metricOf(key)
      const short = camel(name.replace(/_total$/, ''))
      expect([short, camel(name)]).toContain(key)
      if (key !== short) expect(KEYS).toContain(short)
    }
  })

  test('names, units and labels are well formed', () => {
    const names = KEYS.map((key) => metricOf(key).name)
    expect(new Set(names).size).toBe(names.length)
    for (const key of KEYS) {
      const { name, help, type, labels } = metricOf(key)
      expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/)
      expect(help).toMatch(/^[A-Z0-9].*\.$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      if (type === 'histogram' || type === 'summary') expect(name).toMatch(/_seconds$/)
      for (const [label, values] of labels) {
        expect(label).toMatch(/^[a-z]+$/)
        expect(new Set(values).size).toBe(values.length)
        for (const value of values) expect(value).toMatch(/^[a-z0-9_]+$/)
      }
    }
  })

  test.each([
    [2, '2'],
    [-5, '5'],
    [203, '203'],
    [10_001, 'test1'],
    [-10_003, 'test3'],
    [10_004, 'other'],
    [0, 'other'],
    [6, 'other'],
    [-32_768, 'other'],
  ])('data centre %i is labelled %s', (dc, label) => {
    expect(dataCentreLabel(dc)).toBe(label)
  })

  test('label values are types', () => {
    expectTypeOf<Counters['handshakes']['add']>().parameters.toEqualTypeOf<[number, HandshakeResult]>()
    expectTypeOf<Counters['replays']['add']>().parameters.toEqualTypeOf<[number]>()
    expectTypeOf<Counters['telegramDialSeconds']['observe']>().parameters.toEqualTypeOf<
      [number, DataCentreLabel]
    >()
    expectTypeOf<HandshakeResult>().extract<'no such result'>().toBeNever()
  })
})

describe('layout', () => {
  test('metrics do not overlap and rows do not share a cache line', () => {
    let end = 0
    for (const key of KEYS) {
      const { metric, base } = placementOf(key)
      expect(base).toBe(end)
      end += seriesCount(metric.labels) * seriesSlots(metric.type)
    }
    expect(ROW_SLOTS).toBeGreaterThanOrEqual(end)
    expect(ROW_BYTES % 128).toBe(0)
    expect(rowCount(allocateCounters(3))).toBe(3)
  })

  test('index and label values are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KEYS), fc.nat(), (key, seed) => {
        const metric = metricOf(key)
        const index = seed % seriesCount(metric.labels)
        expect(seriesIndex(metric, labelValuesAt(metric.labels, index))).toBe(index)
      }),
    )
  })

  test.each([-1, 3, 0.5, Number.NaN])('row %d of 3 does not exist', (row) => {
    expect(() => rowOf(allocateCounters(3), row)).toThrow(RangeError)
  })
})

describe('Counters', () => {
  test('has an instrument for every metric', () => {
    expect(Object.keys(new Counters(allocateCounters(1), 0))).toEqual(KEYS)
  })

  test('counts by label', () => {
    const shared = allocateCounters(2)
    const counters = new Counters(shared, 1)
    counters.handshakes.add(1, 'ok')
    counters.handshakes.add(2, 'replay')
    counters.handshakes.add(1, 'ok')
    counters.sessions.add(1, 'tls', 'ipv6')
    counters.sessions.add(-1, 'tls', 'ipv6')
    counters.sessions.add(1, 'secure', 'ipv4')
    counters.heldBytes.set(4096)
    expect(readTotal(shared, 'handshakes', 'ok')).toBe(2)
    expect(readTotal(shared, 'handshakes', 'replay')).toBe(2)
    expect(readTotal(shared, 'handshakes', 'clock')).toBe(0)
    expect(readTotal(shared, 'sessions', 'tls', 'ipv6')).toBe(0)
    expect(numbersOf(shared, 'sessions', { mode: 'secure', family: 'ipv4' })).toEqual([1])
    expect(numbersOf(shared, 'held_bytes')).toEqual([4096])
  })

  test('a cell is its series', () => {
    const shared = allocateCounters(2)
    const counters = new Counters(shared, 1)
    const down = counters.bytes.cell('down', 'client')
    down.add(1000)
    counters.bytes.add(24, 'down', 'client')
    expect(readTotal(shared, 'bytes', 'down', 'client')).toBe(1024)
    expect(readTotal(shared, 'bytes', 'up', 'client')).toBe(0)
  })

  test('a label value that is not in the catalogue is refused and counts nowhere', () => {
    const shared = allocateCounters(1)
    const counters = new Counters(shared, 0)
    const result: string = 'made up'
    expect(() => counters.handshakes.add(1, result as HandshakeResult)).toThrow(
      new RangeError('handshakes_total: result cannot be "made up"'),
    )
    expect(new Float64Array(shared).every((number) => number === 0)).toBe(true)
  })

  test.each([
    [0, 0],
    [0.0005, 0],
    [0.00051, 1],
    [1, 10],
    [30, 14],
    [31, 15],
    [Number.POSITIVE_INFINITY, 15],
  ])('%d s falls into bucket %i', (seconds, bucket) => {
    const shared = allocateCounters(1)
    new Counters(shared, 0).frontDialSeconds.observe(seconds)
    const numbers = numbersOf(shared, 'front_dial_seconds')
    expect(numbers.slice(0, BUCKETS.length + 1).indexOf(1)).toBe(bucket)
    expect(numbers.at(-1)).toBe(seconds)
  })

  test('every operation counts once, in the row of its worker, and rows add up', () => {
    const operation = fc.record({
      row: fc.nat(3),
      amount: fc.integer({ min: 1, max: 1_000_000 }),
      dc: fc.constantFrom<DataCentreLabel>('1', '2', 'other'),
      result: fc.constantFrom<DialResult>('ok', 'refused', 'error'),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const shared = allocateCounters(4)
        const rows = [0, 1, 2, 3].map((row) => new Counters(shared, row))
        const model = new Map<string, number>()
        for (const { row, amount, dc, result } of operations) {
          rows[row]?.telegramDials.add(amount, dc, 'direct', result)
          rows[row]?.telegramDialSeconds.observe(amount / 1000, dc)
          model.set(`${dc} ${result}`, (model.get(`${dc} ${result}`) ?? 0) + amount)
        }
        const dials = readTotals(shared).find(({ metric }) => metric.name === 'telegram_dials_total')
        for (const { labels, numbers } of dials?.series ?? []) {
          const amount = labels.via === 'direct' ? model.get(`${labels.dc} ${labels.result}`) : undefined
          expect(numbers).toEqual([amount ?? 0])
        }
        const seconds = readTotals(shared).find(({ metric }) => metric.name === 'telegram_dial_seconds')
        const observed = seconds?.series.flatMap(({ numbers }) => numbers.slice(0, -1)) ?? []
        expect(observed.reduce((sum, count) => sum + count, 0)).toBe(operations.length)
      }),
    )
  })
})

describe('resetGauges', () => {
  test('a dead worker holds nothing, but what it counted stays', () => {
    const shared = allocateCounters(3)
    for (const row of [1, 2]) {
      const counters = new Counters(shared, row)
      counters.sessions.add(5, 'tls', 'ipv4')
      counters.frontConnections.set(7)
      counters.staticReads.set(1)
      counters.handshakes.add(3, 'ok')
      counters.handshakeSeconds.observe(0.2)
      counters.eventLoopDelaySeconds.publish([0.1, 0.2, 0.3], 4, 20)
    }
    resetGauges(shared, 1)
    expect(readTotal(shared, 'sessions', 'tls', 'ipv4')).toBe(5)
    expect(readTotal(shared, 'frontConnections')).toBe(7)
    expect(numbersOf(shared, 'static_reads', { worker: '1' })).toEqual([0])
    expect(numbersOf(shared, 'static_reads', { worker: '2' })).toEqual([1])
    expect(readTotal(shared, 'handshakes', 'ok')).toBe(6)
    expect(numbersOf(shared, 'handshake_seconds').at(-1)).toBeCloseTo(0.4)
    expect(numbersOf(shared, 'event_loop_delay_seconds', { worker: '1' })).toEqual([0, 0, 0, 4, 20])
    expect(numbersOf(shared, 'event_loop_delay_seconds', { worker: '2' })).toEqual([0.1, 0.2, 0.3, 4, 20])
  })
})
